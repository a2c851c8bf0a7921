/* links.h - evidence from the segmentation that two windows are of different speakers.
 * SPDX-License-Identifier: MIT
 *
 * Two windows are comparable in a chunk that contains both centres, 0.3 s or more from its edges;
 * there they carry the same or different local speakers. A window carries the local speaker that
 * talks alone for >= 0.4 s and >= 70 % of the lone speech within +-0.75 s of the centre, or none.
 * Only windows less than a chunk apart ever meet, so counts are kept for each window and the next
 * `band` ones: memory is linear in the length of the recording. */
#ifndef DR_CLUSTERING_LINKS_H
#define DR_CLUSTERING_LINKS_H

#include "base/arena.h"
#include "base/error.h"
#include "types.h"

/* same, diff [num][band]: chunks in which window u and window u + 1 + d are of the same / of
 * different local speakers. */
struct dr_links {
    size_t num, band;
    uint16_t *same, *diff;
};

/* Windows [*first, *end) are those that may be compared in the chunk that starts at start_s; both
 * only move forward from what they were. */
void dr_links_inside(size_t *first, size_t *end, const struct dr_windows *windows, double start_s);

/* Adds what that chunk, active [589], says of windows [first, end) inside it; pairs that are
 * farther apart than the band are left out. arena is used for scratch only. DIARIST_ERROR_MEMORY.
 */
int dr_links_add(struct dr_links *links, const struct dr_windows *windows, size_t first, size_t end,
                 const uint8_t *active, double start_s, struct dr_arena *arena, diarist_error *err);

/* Windows sorted by centre. The counts live in arena. DIARIST_ERROR_MEMORY. */
int dr_links_build(struct dr_links *out, const struct dr_windows *windows,
                   const struct dr_segmentation *segmentation, struct dr_arena *arena,
                   diarist_error *err);

#endif
