/* evidence_voices.c - voices of stretches of a recording, from what the networks said of it.
 * SPDX-License-Identifier: MIT */
#include "pipeline/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "clustering/split.h"
#include "embedding/pooling.h"

enum { DIM = DR_EMBEDDING_DIM };

/* A recording of the default model from evidence, to be closed in any case. */
static int open_evidence(struct diarist_recording **out, const diarist_model *model,
                         const void *evidence, size_t num_bytes, diarist_error *err) {
    struct diarist_recording *r = *out = calloc(1, sizeof *r);
    if (!r)
        return dr_fail_memory(err);
    int status = dr_evidence_load(r, evidence, num_bytes, model, NULL, err);
    if (!status && r->plan.architecture != DR_DEFAULT_1)
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT,
                         "this model's evidence has no windows along the recording");
    return status;
}

static void close_evidence(struct diarist_recording *r) {
    if (r)
        dr_arena_free(&r->arena);
    free(r);
}

/* First window that is centred at a time or later. */
static size_t window_at(const struct dr_windows *windows, double time_s) {
    size_t low = 0, high = windows->num;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (windows->centre_s[middle] < time_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int diarist_evidence_embed(float *embeddings, const diarist_model *model, const void *evidence,
                           size_t num_bytes, const diarist_region *regions, size_t num_regions,
                           size_t num_groups, diarist_error *err) {
    struct diarist_recording *r = NULL;
    int status = dr_check_regions(regions, num_regions, num_groups, err);
    if (!status)
        status = open_evidence(&r, model, evidence, num_bytes, err);
    if (!status) {
        const struct dr_windows *windows = &r->embedder.out.fine;
        memset(embeddings, 0, num_groups * DIM * sizeof *embeddings);
        for (size_t i = 0; i < num_regions; i++) {
            float *sum = embeddings + (size_t)regions[i].group * DIM, values[DIM];
            const size_t end = window_at(windows, regions[i].end);
            for (size_t w = window_at(windows, regions[i].start); w < end; w++) {
                dr_window_unpack(values, windows, w);
                for (size_t d = 0; d < DIM; d++)
                    sum[d] += values[d];
            }
        }
        for (size_t g = 0; g < num_groups; g++)
            dr_normalise(embeddings + g * DIM, DIM);
    }
    close_evidence(r);
    return status;
}

/* ---- one voice, or two -------------------------------------------------------------------- */

/* By how much a region's windows are more like the second voice than the first; NAN: it has none.
 */
static double lean(const struct dr_windows *windows, const diarist_region *region,
                   float direction[2][DIM]) {
    const size_t first = window_at(windows, region->start), end = window_at(windows, region->end);
    double sum = 0;
    float values[DIM];
    for (size_t w = first; w < end; w++) {
        dr_window_unpack(values, windows, w);
        sum += (double)dr_dot(values, direction[1]) - (double)dr_dot(values, direction[0]);
    }
    return end > first ? sum / (double)(end - first) : (double)NAN;
}

/* The windows of all regions on two voices. DIARIST_ERROR_ARGUMENT: there are too few. */
static int find_voices(float direction[2][DIM], const struct dr_windows *windows,
                       const diarist_region *regions, size_t num_regions, struct dr_arena *arena,
                       diarist_error *err) {
    uint32_t *row = dr_arena_alloc(arena, windows->num + 1, sizeof *row);
    int32_t *cluster = dr_arena_zalloc(arena, windows->num + 1, sizeof *cluster);
    struct dr_windows chosen = {.embedding = windows->embedding, .row = row};
    if (!row || !cluster)
        return dr_fail_memory(err);
    for (size_t i = 0; i < num_regions; i++) {
        const size_t end = window_at(windows, regions[i].end);
        size_t w = window_at(windows, regions[i].start);
        /* Of regions that overlap each window counts once. */
        if (chosen.num && w <= row[chosen.num - 1])
            w = row[chosen.num - 1] + 1;
        for (; w < end; w++)
            row[chosen.num++] = (uint32_t)w;
    }
    if (num_regions < 2 || chosen.num < 2)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "there is too little of this speaker to tell two by; give times");
    dr_split_cluster(cluster, direction, &chosen, 0, 1);
    return DIARIST_OK;
}

/* The lean of the nearest region that has one. */
static double nearest_lean(const double *leans, const diarist_region *regions, size_t num_regions,
                           size_t i) {
    double nearest_s = INFINITY, found = 0;
    for (size_t k = 0; k < num_regions; k++) {
        const double gap_s =
            fmax(regions[k].start - regions[i].end, regions[i].start - regions[k].end);
        if (!isnan(leans[k]) && gap_s < nearest_s) {
            nearest_s = gap_s;
            found = leans[k];
        }
    }
    return found;
}

/* Neither side is left empty: the one that leans most, or least, goes over. */
static void fill_both(diarist_region *regions, const double *leans, size_t num_regions) {
    size_t num_second = 0, most = 0, least = 0;
    for (size_t i = 0; i < num_regions; i++) {
        num_second += (size_t)regions[i].group;
        if (isnan(leans[most]) || leans[i] > leans[most])
            most = i;
        if (isnan(leans[least]) || leans[i] < leans[least])
            least = i;
    }
    if (num_second == 0)
        regions[most].group = 1;
    else if (num_second == num_regions)
        regions[least].group = 0;
}

static int split_regions(diarist_region *regions, size_t num_regions,
                         const struct dr_windows *windows, struct dr_arena *arena,
                         diarist_error *err) {
    float direction[2][DIM];
    double *leans = dr_arena_alloc(arena, num_regions + 1, sizeof *leans);
    if (!leans)
        return dr_fail_memory(err);
    int status = find_voices(direction, windows, regions, num_regions, arena, err);
    if (status)
        return status;
    for (size_t i = 0; i < num_regions; i++)
        leans[i] = lean(windows, &regions[i], direction);
    for (size_t i = 0; i < num_regions; i++)
        regions[i].group =
            (isnan(leans[i]) ? nearest_lean(leans, regions, num_regions, i) : leans[i]) > 0;
    fill_both(regions, leans, num_regions);
    return DIARIST_OK;
}

int diarist_evidence_split(diarist_region *regions, size_t num_regions, const diarist_model *model,
                           const void *evidence, size_t num_bytes, diarist_error *err) {
    struct diarist_recording *r = NULL;
    for (size_t i = 0; i < num_regions; i++)
        if (!(regions[i].start >= (i ? regions[i - 1].start : 0) &&
              regions[i].start <= regions[i].end))
            return dr_fail(err, DIARIST_ERROR_ARGUMENT, "regions are not sorted by start");
    int status = open_evidence(&r, model, evidence, num_bytes, err);
    if (!status)
        status = split_regions(regions, num_regions, &r->embedder.out.fine, &r->arena, err);
    close_evidence(r);
    return status;
}
