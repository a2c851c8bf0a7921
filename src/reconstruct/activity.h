/* activity.h - how active each speaker is at each frame, block by block.
 * SPDX-License-Identifier: MIT
 *
 * marginals of local speakers, through assign -> probability [frames][speakers]
 *   + embeddings of windows every 0.3 s against re-estimated centroids -> score [frames][speakers]
 * Nothing of the size frames x speakers is kept: blocks of frames are computed in order, from the
 * chunks and windows that they touch. */
#ifndef DR_RECONSTRUCT_ACTIVITY_H
#define DR_RECONSTRUCT_ACTIVITY_H

#include "base/arena.h"
#include "base/error.h"
#include "reconstruct/params.h"
#include "types.h"

/* What is to be reconstructed; borrowed. */
struct dr_reconstruct_input {
    const struct dr_segmentation *segmentation;
    const uint8_t *count;                 /* [num_frames] from dr_counter_settle */
    const int32_t *assign;                /* [num_chunks][3], negative: nobody */
    size_t num_speakers;                  /* >= 1 */
    const struct dr_windows *windows;     /* every 0.3 s; NULL or less than 2: no resegmentation */
    const struct dr_centroids *centroids; /* of num_speakers; unused when num_speakers is 1 */
};

struct dr_activity {
    struct dr_reconstruct_input in;
    struct dr_reconstruct_params params;
    size_t num_frames;
    size_t block_frames; /* the most frames that a block has */
    int resegment;       /* whether embeddings have a say */
    float *centroid;     /* [num_speakers][192] re-estimated; NULL without resegmentation */
    size_t window;       /* reached in in.windows */
    float *hamming;      /* [589] */
    double *weight;      /* [block_frames] */
    float *similarity;   /* [windows around a block][num_speakers] */

    size_t first, num;  /* frames of the block that was computed last */
    float *probability; /* [num][num_speakers] */
    float *score;       /* [num][num_speakers]; comparable within a frame */
};

/* Re-estimates the centroids and allocates in arena. DIARIST_ERROR_MEMORY. */
int dr_activity_open(struct dr_activity *activity, const struct dr_reconstruct_input *in,
                     const struct dr_reconstruct_params *params, struct dr_arena *arena,
                     diarist_error *err);

/* Computes the next block, the first one at first; num is 0 after the last. */
void dr_activity_next(struct dr_activity *activity);

#endif
