/* uem.c - which regions of which recordings are scored.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "score/uem.h"

#include "base/error.h"
#include "document.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare_ids(const void *a, const void *b) {
    return strcmp(((const struct dr_uem_recording *)a)->id,
                  ((const struct dr_uem_recording *)b)->id);
}

/* Nodes of the index are the recordings themselves, which the array owns. */
static void leave(void *node) {
    (void)node;
}

int diarist_uem_new(diarist_uem **out, diarist_error *err) {
    *out = calloc(1, sizeof **out);
    return *out ? DIARIST_OK : dr_fail_memory(err);
}

void diarist_uem_free(diarist_uem *uem) {
    if (!uem)
        return;
    tdestroy(uem->index, leave);
    for (size_t i = 0; i < uem->num; i++) {
        free(uem->recordings[i]->regions);
        free(uem->recordings[i]);
    }
    free(uem->recordings);
    dr_arena_free(&uem->arena);
    free(uem);
}

static struct dr_uem_recording *find(const diarist_uem *uem, const char *id) {
    struct dr_uem_recording wanted = {.id = id};
    struct dr_uem_recording *const *node = tfind(&wanted, &uem->index, compare_ids);
    return node ? *node : NULL;
}

/* items with room for one more than num, or NULL, items staying as they were. */
static void *make_room(void *items, size_t num, size_t *capacity, size_t size) {
    if (num < *capacity)
        return items;
    size_t grown = *capacity ? *capacity * 2 : 4;
    void *moved = grown > SIZE_MAX / 2 / size ? NULL : realloc(items, grown * size);
    if (moved)
        *capacity = grown;
    return moved;
}

/* The recording called id, appended when there is none; NULL without memory. */
static struct dr_uem_recording *recording_of(diarist_uem *uem, const char *id) {
    struct dr_uem_recording *found = find(uem, id);
    if (found)
        return found;
    struct dr_uem_recording **recordings =
        make_room(uem->recordings, uem->num, &uem->capacity, sizeof *recordings);
    if (recordings)
        uem->recordings = recordings;
    struct dr_uem_recording *added = calloc(1, sizeof *added);
    char *copy = dr_arena_alloc(&uem->arena, strlen(id) + 1, 1);
    if (copy && added)
        added->id = memcpy(copy, id, strlen(id) + 1);
    if (!recordings || !copy || !added || !tsearch(added, &uem->index, compare_ids)) {
        free(added);
        return NULL;
    }
    return uem->recordings[uem->num++] = added;
}

int diarist_uem_add(diarist_uem *uem, const char *id, double start, double end,
                    diarist_error *err) {
    if (!(start >= 0 && end > start && end <= DR_DOCUMENT_MAX_S))
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "a region of \"%.120s\" from %g to %g s; give 0 <= start < end", id, start,
                       end);
    char *copy = NULL;
    if (dr_document_set_text(&copy, id, strlen(id), err))
        return DIARIST_ERROR_MEMORY;
    struct dr_uem_recording *recording = recording_of(uem, copy);
    free(copy);
    diarist_region *regions = recording ? make_room(recording->regions, recording->num,
                                                    &recording->capacity, sizeof *regions)
                                        : NULL;
    if (!regions)
        return dr_fail_memory(err);
    recording->regions = regions;
    regions[recording->num++] = (diarist_region){.start = start, .end = end};
    return DIARIST_OK;
}

size_t diarist_uem_num_recordings(const diarist_uem *uem) {
    return uem->num;
}

const char *diarist_uem_recording_id(const diarist_uem *uem, size_t recording) {
    return recording < uem->num ? uem->recordings[recording]->id : NULL;
}

const diarist_region *diarist_uem_regions(const diarist_uem *uem, const char *id, size_t *num) {
    const struct dr_uem_recording *found = find(uem, id);
    *num = found ? found->num : 0;
    return found ? found->regions : NULL;
}
