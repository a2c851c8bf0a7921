/* activity.h - how active each speaker is at each frame, block by block.
 * SPDX-License-Identifier: MIT
 *
 * marginals of local speakers, through assign -> probability [frames][speakers]
 *   + embeddings of windows every 0.3 s against re-estimated centroids -> score [frames][speakers]
 * Nothing of the size frames x speakers is kept: blocks of frames are computed as they are asked
 * for, from the chunks and windows that they touch. */
#ifndef DR_RECONSTRUCT_ACTIVITY_H
#define DR_RECONSTRUCT_ACTIVITY_H

#include "base/arena.h"
#include "base/error.h"
#include "reconstruct/params.h"
#include "types.h"

/* What is to be reconstructed; borrowed. */
struct dr_reconstruct_input {
    const struct dr_segmentation *segmentation;
    const uint8_t *count;                 /* [num_frames] from dr_count_speakers */
    const int32_t *assign;                /* [num_chunks][3], negative: nobody */
    size_t num_speakers;                  /* >= 1 */
    const struct dr_windows *windows;     /* every 0.3 s; NULL or less than 2: no resegmentation */
    const struct dr_centroids *centroids; /* of num_speakers; unused when num_speakers is 1 */
};

enum { DR_ACTIVITY_BLOCK = 2048 }; /* frames */

struct dr_activity {
    struct dr_reconstruct_input in;
    struct dr_reconstruct_params params;
    size_t num_frames;
    int resegment;
    float *centroid;   /* [num_speakers][192] re-estimated; only when resegment */
    float *hamming;    /* [589] */
    double *weight;    /* [DR_ACTIVITY_BLOCK] */
    float *similarity; /* [max_windows][num_speakers] of the windows around a block */
    size_t max_windows;
    float *probability; /* [DR_ACTIVITY_BLOCK][num_speakers] of the last block */
    float *score;       /* the same shape */
};

/* Re-estimates the centroids and allocates in arena. DIARIST_ERROR_MEMORY. */
int dr_activity_open(struct dr_activity *activity, const struct dr_reconstruct_input *in,
                     const struct dr_reconstruct_params *params, struct dr_arena *arena,
                     diarist_error *err);

/* Fills probability and score for frames [first, first + num), num <= DR_ACTIVITY_BLOCK. */
void dr_activity_block(struct dr_activity *activity, size_t first, size_t num);

#endif
