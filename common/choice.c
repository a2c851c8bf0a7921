/* choice.c - names in a list, "a|b|c".
 * SPDX-License-Identifier: MIT */
#include "choice.h"

#include <string.h>

int common_choice(const char *list, const char *name) {
    size_t length = strlen(name);
    for (int index = 0; *list; index++) {
        size_t n = strcspn(list, "|");
        if (n == length && !memcmp(list, name, n))
            return index;
        list += n + (list[n] == '|');
    }
    return -1;
}
