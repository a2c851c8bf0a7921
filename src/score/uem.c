/* uem.c - which regions of which recordings are scored.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "score/uem.h"

#include "base/error.h"
#include "base/growing.h"
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

/* The recording called id, appended when there is none; NULL without memory. */
static struct dr_uem_recording *recording_of(diarist_uem *uem, const char *id) {
    struct dr_uem_recording *found = find(uem, id);
    if (found)
        return found;
    struct dr_uem_recording *added = calloc(1, sizeof *added);
    char *copy = dr_arena_alloc(&uem->arena, strlen(id) + 1, 1);
    if (copy && added)
        added->id = memcpy(copy, id, strlen(id) + 1);
    if (!copy || !added ||
        dr_grow(&uem->recordings, &uem->capacity, uem->num + 1, sizeof added, NULL) ||
        !tsearch(added, &uem->index, compare_ids)) {
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
    if (!recording)
        return dr_fail_memory(err);
    int status = dr_grow(&recording->regions, &recording->capacity, recording->num + 1,
                         sizeof *recording->regions, err);
    if (!status)
        recording->regions[recording->num++] = (diarist_region){.start = start, .end = end};
    return status;
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
