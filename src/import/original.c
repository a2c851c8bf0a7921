/* original.c - what models/manifest.json says of the sets that are imported here.
 * SPDX-License-Identifier: MIT */
#include "import/original.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct model_set {
    const char *name;
    const diarist_original *originals;
    size_t num_originals;
    const char *const *mirrors;
    size_t num_mirrors;
    const struct dr_metadata *metadata;
    size_t num_metadata;
};

#include "import/originals_table.h"

static const struct model_set *find(const char *name) {
    for (size_t i = 0; i < COUNT(sets); i++)
        if (!strcmp(sets[i].name, name))
            return &sets[i];
    return NULL;
}

const diarist_original *dr_original(const char *set, size_t i) {
    const struct model_set *found = find(set);
    return found && i < found->num_originals ? &found->originals[i] : NULL;
}

const char *dr_original_mirror(const char *set, size_t i) {
    const struct model_set *found = find(set);
    return found && i < found->num_mirrors ? found->mirrors[i] : NULL;
}

const struct dr_metadata *dr_original_metadata(const char *set, size_t i) {
    const struct model_set *found = find(set);
    return found && i < found->num_metadata ? &found->metadata[i] : NULL;
}
