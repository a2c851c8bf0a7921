/* constrained_assignment.c - local speakers of a chunk go to different speakers.
 * SPDX-License-Identifier: MIT */
#include "clustering/constrained_assignment.h"

#include "base/assignment.h"
#include "clustering/assign.h"

#include <math.h>

enum { Q = DR_LOCAL_SPEAKERS };

int dr_constrained_assignment(int32_t *hard, const double *score, size_t num_chunks,
                              size_t num_speakers, struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct dr_assignment a;
    double lowest = INFINITY;
    if (dr_assignment_open(&a, Q, num_speakers, arena)) {
        dr_arena_rewind(arena, mark);
        return dr_fail_memory(err);
    }
    for (size_t i = 0; i < num_chunks * Q * num_speakers; i++)
        lowest = fmin(lowest, score[i]);
    if (!isfinite(lowest))
        lowest = 0;
    for (size_t c = 0; c < num_chunks; c++, score += Q * num_speakers) {
        for (size_t q = 0; q < Q; q++)
            for (size_t k = 0; k < num_speakers; k++) {
                double value = score[q * num_speakers + k];
                *dr_assignment_cost(&a, q, k) = isnan(value) ? -lowest : -value;
            }
        dr_assignment_solve(&a);
        for (size_t q = 0; q < Q; q++) {
            int32_t speaker = dr_assignment_column(&a, q);
            hard[c * Q + q] = speaker == DR_UNASSIGNED ? DR_NOBODY : speaker;
        }
    }
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}
