/* campplus.h - the embedding network: what a voice sounds like.
 * SPDX-License-Identifier: MIT
 *
 * CAM++ (Wang et al. 2023, 3D-Speaker), in two parts, so that any stretch of a recording can be
 * embedded from one pass over it:
 *
 *   trunk   features [T][80] -> 2-D convolutions over (mel, time) -> [T][320] -> TDNN, stride 2
 *           -> three densely connected blocks with context-aware masks -> columns [T/2][512]
 *   head    mean and standard deviation of columns [1024] -> linear, batch norm, ReLU -> [192]
 *
 * The ReLU at the end belongs to the model: embeddings are never negative. Tensors are named
 * embedding.* in the model file. */
#ifndef DR_EMBEDDING_CAMPPLUS_H
#define DR_EMBEDDING_CAMPPLUS_H

#include "embedding/campplus_past.h"
#include "nn/layers.h"

struct dr_campplus;

enum {
    DR_CAMPPLUS_MAX_FRAMES = 320, /* of one call of the trunk */
    DR_CAMPPLUS_LEAD = 12 /* frames before a column's own that its dense layers' input depends on */
};

/* The network lives in loader->arena; NULL after a failure (loader->err). */
struct dr_campplus *dr_campplus_load(struct dr_loader *loader, const struct dr_kernels *kernels);

/* Floats of scratch that dr_campplus_trunk needs. */
size_t dr_campplus_trunk_scratch(void);

/* How many of the columns are computed. */
enum dr_column_rate {
    DR_EVERY_COLUMN,
    /* Column 2 i + 1 repeats column 2 i: a quarter less work. The second and third block see only
     * every second column (their dilation is 2), so the others become what they would have been,
     * but for means over a context, which are taken over half of its columns. */
    DR_EVERY_SECOND_COLUMN
};

/* features[num_frames][80], mean already subtracted -> columns[(num_frames + 1) / 2][512].
 * 1 <= num_frames <= DR_CAMPPLUS_MAX_FRAMES. */
void dr_campplus_trunk(const struct dr_campplus *net, float *columns, const float *features,
                       size_t num_frames, enum dr_column_rate rate, float *scratch);

/* Every column, at the end of what was given to the calls before, as far as `past` has it, which
 * they join: columns[i] is of frames lead + 2 i and lead + 2 i + 1 of features[num_frames][80].
 * With nothing before, lead is 0, and they are what dr_campplus_trunk says; otherwise it is
 * DR_CAMPPLUS_LEAD, frames that earlier calls had at their end, and all columns of the call share a
 * mask. num_frames is even. */
void dr_campplus_continue(const struct dr_campplus *net, struct dr_campplus_past *past,
                          float *columns, const float *features, size_t lead, size_t num_frames,
                          float *scratch);

/* statistics[n][1024] (512 means, 512 standard deviations) -> embedding[n][192], not normalised. */
void dr_campplus_head(const struct dr_campplus *net, float *embedding, const float *statistics,
                      size_t n);

#endif
