/* count.h - how many speakers talk at each frame, as the chunks come.
 * SPDX-License-Identifier: MIT
 *
 * logprob [589][7] of a chunk -> softmax(logprob + bias) -> marginals of 3 local speakers
 *   -> Hamming-weighted mean over the chunks that cover a frame of their sum -> round -> count */
#ifndef DR_RECONSTRUCT_COUNT_H
#define DR_RECONSTRUCT_COUNT_H

#include "reconstruct/params.h"
#include "types.h"

/* Frames of a recording of num_samples. */
size_t dr_num_frames(size_t num_samples);

/* What one chunk says of its frames. */
struct dr_chunk_marginals {
    float marginal[DR_CHUNK_FRAMES][DR_LOCAL_SPEAKERS]; /* each local speaker talks */
    float speech[DR_CHUNK_FRAMES];                      /* anybody does */
};
void dr_marginals(struct dr_chunk_marginals *out, const float *logprob,
                  const struct dr_reconstruct_params *params);

/* Marginals as dr_segmentation has them, [589][3]. */
void dr_marginals_pack(uint8_t *packed, const struct dr_chunk_marginals *marginals);

/* Frames that a call of dr_counter_add can settle: those of a step of 10 s, and where chunks do not
 * quite meet. */
enum { DR_COUNTER_FRAMES = DR_CHUNK_FRAMES + 7 };

/* The sums of the frames that a later chunk may still cover. */
struct dr_counter {
    size_t first; /* frame that sum 0 is of: all before it are settled */
    double count[DR_COUNTER_FRAMES], speech[DR_COUNTER_FRAMES], weight[DR_COUNTER_FRAMES];
    float hamming[DR_CHUNK_FRAMES];
};

void dr_counter_open(struct dr_counter *counter);

/* Settles the frames before frame number `end`, at most DR_COUNTER_FRAMES: count receives 0 to 3
 * speakers for each of them; speech, unless NULL, the probability that anybody talks. Frames that
 * no chunk covers are silent. */
void dr_counter_settle(struct dr_counter *counter, uint8_t *count, float *speech, size_t end);

/* count as it would be if no further chunk came: of the frames from the first that is not settled
 * to `end`. */
void dr_counter_peek(const struct dr_counter *counter, uint8_t *count, size_t end);

/* Adds a chunk that begins at the first frame that is not settled. */
void dr_counter_add(struct dr_counter *counter, const struct dr_chunk_marginals *marginals);

#endif
