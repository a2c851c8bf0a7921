/* prefix.c - what stands before a network's names in a checkpoint ("model.", "resnet.", nothing).
 * SPDX-License-Identifier: MIT */
#include "import/networks.h"

#include <stdio.h>
#include <string.h>

int dr_prefix_of(const struct dr_arrays *tensors, const char *suffix, const char **found) {
    const size_t length = strlen(suffix);
    for (size_t i = 0; i < tensors->num; i++) {
        const char *name = tensors->items[i].name;
        const size_t before = strlen(name) - length;
        if (strlen(name) >= length && !strcmp(name + before, suffix) &&
            (!before || name[before - 1] == '.')) {
            *found = name;
            return (int)before;
        }
    }
    return -1;
}

const struct dr_array *dr_find_prefixed(const struct dr_arrays *tensors, const char *prefix,
                                        int prefix_length, const char *name) {
    char full[512];
    snprintf(full, sizeof full, "%.*s%s", prefix_length, prefix, name);
    return dr_arrays_find(tensors, full);
}
