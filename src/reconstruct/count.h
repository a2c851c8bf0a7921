/* count.h - how many speakers talk at each frame.
 * SPDX-License-Identifier: MIT
 *
 * logprob [chunks][589][7] -> softmax(logprob + bias) -> marginals of 3 local speakers
 *   -> Hamming-weighted mean over the chunks that cover a frame of their sum -> round -> count */
#ifndef DR_RECONSTRUCT_COUNT_H
#define DR_RECONSTRUCT_COUNT_H

#include "base/arena.h"
#include "base/error.h"
#include "reconstruct/params.h"
#include "types.h"

/* Frames of a recording of num_samples. */
size_t dr_num_frames(size_t num_samples);

/* marginal [num][3]: probability that each local speaker talks; logprob [num][7].
 * speech, unless NULL: [num] probability that anybody does. */
void dr_marginals(float *marginal, float *speech, const float *logprob, size_t num,
                  const struct dr_reconstruct_params *params);

/* count [dr_num_frames(segmentation->num_samples)]: 0 to 3 speakers. speech, unless NULL: the same
 * shape, probability that anybody talks. Frames that no chunk covers are silent. arena is used for
 * scratch only. DIARIST_ERROR_MEMORY. */
int dr_count_speakers(uint8_t *count, float *speech, const struct dr_segmentation *segmentation,
                      const struct dr_reconstruct_params *params, struct dr_arena *arena,
                      diarist_error *err);

#endif
