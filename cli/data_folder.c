/* data_folder.c - where what a user keeps lies. SPDX-License-Identifier: MIT */
#include "data_folder.h"

#include "report.h"
#include "text.h"

#include <stdbool.h>
#include <stdlib.h>

int cli_data_folder(char **folder, const char *given, const char *kind) {
    const char *base = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    bool has_base = base && *base;
    *folder = NULL;
    if (!given && !has_base && !(home && *home))
        return 0;
    *folder = given      ? cli_text("%s", given)
              : has_base ? cli_text("%s/diarist/%s", base, kind)
                         : cli_text("%s/.local/share/diarist/%s", home, kind);
    return *folder ? 0 : cli_fail_memory();
}
