/* constrained_assignment.h - local speakers of a chunk go to different speakers.
 * SPDX-License-Identifier: MIT
 *
 * Per chunk the one-to-one assignment of the greatest sum of scores (base/assignment.h). */
#ifndef DR_CLUSTERING_CONSTRAINED_ASSIGNMENT_H
#define DR_CLUSTERING_CONSTRAINED_ASSIGNMENT_H

#include "base/arena.h"
#include "base/error.h"
#include "types.h"

/* hard [num_chunks][3]: speaker of each local speaker, DR_NOBODY when there are fewer speakers than
 * local speakers and it is left over. score [num_chunks][3][num_speakers], num_speakers >= 1; NaN
 * counts as the lowest score of all. arena is used for scratch only. DIARIST_ERROR_MEMORY. */
int dr_constrained_assignment(int32_t *hard, const double *score, size_t num_chunks,
                              size_t num_speakers, struct dr_arena *arena, diarist_error *err);

#endif
