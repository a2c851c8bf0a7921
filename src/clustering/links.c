/* links.c - evidence from the segmentation that two windows are of different speakers.
 * SPDX-License-Identifier: MIT
 *
 * per chunk: active [589] -> prefix sums [590][3] -> local speaker carried by each window inside
 *   -> same / diff of all pairs of windows inside */
#include "clustering/links.h"

#include <string.h>

#define EDGE_S 0.3 /* of a chunk: the network is unsure there */
#define HALF_S 0.75
#define MIN_S 0.4
#define MIN_SHARE 0.7

enum { NO_LOCAL_SPEAKER = -1 };

typedef uint16_t prefix_sums[DR_CHUNK_FRAMES + 1][DR_LOCAL_SPEAKERS];

static void sum_clean(prefix_sums sums, const uint8_t *active) {
    memset(sums[0], 0, sizeof sums[0]);
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++)
        for (int q = 0; q < DR_LOCAL_SPEAKERS; q++)
            sums[f + 1][q] = (uint16_t)(sums[f][q] + ((dr_clean(active[f]) >> q) & 1));
}

static size_t clamp_frame(double frame) {
    return frame <= 0 ? 0 : frame >= DR_CHUNK_FRAMES ? DR_CHUNK_FRAMES : (size_t)frame;
}

/* The local speaker that a window carries whose centre lies at_s into the chunk. */
static int carried(const prefix_sums sums, double at_s) {
    double centre = at_s / DR_FRAME_S;
    const uint16_t *low = sums[clamp_frame(centre - HALF_S / DR_FRAME_S)];
    const uint16_t *high = sums[clamp_frame(centre + HALF_S / DR_FRAME_S)];
    int best = 0;
    int frames[DR_LOCAL_SPEAKERS], total = 0;
    for (int q = 0; q < DR_LOCAL_SPEAKERS; q++) {
        frames[q] = high[q] - low[q];
        total += frames[q];
        best = frames[q] > frames[best] ? q : best;
    }
    int enough = frames[best] >= MIN_S / DR_FRAME_S && frames[best] >= MIN_SHARE * total;
    return enough ? best : NO_LOCAL_SPEAKER;
}

void dr_links_inside(size_t *first, size_t *end, const struct dr_windows *windows, double start_s) {
    while (*first < windows->num && windows->centre_s[*first] < start_s + EDGE_S)
        ++*first;
    double last_s = start_s + (double)DR_CHUNK_SAMPLES / DR_SAMPLE_RATE - EDGE_S;
    *end = *end < *first ? *first : *end;
    while (*end < windows->num && windows->centre_s[*end] <= last_s)
        ++*end;
}

/* The most windows that any chunk contains. */
static size_t most_inside(const struct dr_windows *windows,
                          const struct dr_segmentation *segmentation) {
    size_t first = 0, end = 0, most = 0;
    for (size_t i = 0; i < segmentation->num_chunks; i++) {
        dr_links_inside(&first, &end, windows, (double)(i * segmentation->step) / DR_SAMPLE_RATE);
        most = end - first > most ? end - first : most;
    }
    return most;
}

static void count_pairs(struct dr_links *links, const int8_t *local, size_t first, size_t end) {
    for (size_t u = first; u < end; u++) {
        if (local[u - first] == NO_LOCAL_SPEAKER)
            continue;
        for (size_t v = u + 1; v < end && v - u <= links->band; v++) {
            size_t at = u * links->band + (v - u - 1);
            if (local[v - first] == local[u - first])
                links->same[at]++;
            else if (local[v - first] != NO_LOCAL_SPEAKER)
                links->diff[at]++;
        }
    }
}

int dr_links_add(struct dr_links *links, const struct dr_windows *windows, size_t first, size_t end,
                 const uint8_t *active, double start_s, struct dr_arena *arena,
                 diarist_error *err) {
    if (end - first < 2)
        return DIARIST_OK;
    struct dr_arena_mark mark = dr_arena_mark(arena);
    uint16_t(*sums)[DR_LOCAL_SPEAKERS] = dr_arena_alloc(arena, 1, sizeof(prefix_sums));
    int8_t *local = dr_arena_alloc(arena, end - first, sizeof *local);
    if (!sums || !local)
        return dr_fail_memory(err);
    sum_clean(sums, active);
    for (size_t u = first; u < end; u++)
        local[u - first] = (int8_t)carried((const uint16_t(*)[DR_LOCAL_SPEAKERS])sums,
                                           windows->centre_s[u] - start_s);
    count_pairs(links, local, first, end);
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}

int dr_links_build(struct dr_links *out, const struct dr_windows *windows,
                   const struct dr_segmentation *segmentation, struct dr_arena *arena,
                   diarist_error *err) {
    size_t most = most_inside(windows, segmentation);
    *out = (struct dr_links){.num = windows->num, .band = most > 1 ? most - 1 : 0};
    size_t row = out->band * sizeof *out->same;
    out->same = dr_arena_zalloc(arena, out->num, row);
    out->diff = dr_arena_zalloc(arena, out->num, row);
    if (!out->same || !out->diff)
        return dr_fail_memory(err);
    size_t first = 0, end = 0;
    int status = DIARIST_OK;
    for (size_t i = 0; i < segmentation->num_chunks && !status; i++) {
        double start_s = (double)(i * segmentation->step) / DR_SAMPLE_RATE;
        dr_links_inside(&first, &end, windows, start_s);
        status = dr_links_add(out, windows, first, end, segmentation->active + i * DR_CHUNK_FRAMES,
                              start_s, arena, err);
    }
    return status;
}
