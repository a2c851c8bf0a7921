/* resnet34.h - the embedding network of community-1: what a voice sounds like.
 * SPDX-License-Identifier: MIT
 *
 * WeSpeaker's ResNet34 (Wang et al. 2023) as in pyannote.audio's WeSpeakerResNet34, in two parts,
 * so that all speakers of a window are embedded from one pass over it:
 *
 *   trunk   features [T][80] -> 3x3 convolution to 32 channels -> 3, 4, 6 and 3 residual blocks of
 *           32, 64, 128 and 256 channels, stride 2 over mels and frames between them
 *           -> columns [ceil(T/8)][10 mels * 256]
 *   head    for each speaker: mean and standard deviation of the columns in which he talks [5120]
 *           -> linear -> [256]
 *
 * Tensors are named embedding.resnet.* in the model file. */
#ifndef DR_EMBEDDING_RESNET34_H
#define DR_EMBEDDING_RESNET34_H

#include "nn/layers.h"

enum {
    DR_RESNET34_DIM = 256,
    DR_RESNET34_MAP_MELS = 10,
    DR_RESNET34_COLUMN_DIM = DR_RESNET34_MAP_MELS * 256,
    DR_RESNET34_COLUMN_FRAMES = 8, /* column j has frame 8 j in its middle, */
    DR_RESNET34_REACH = 112        /* and depends on so many before and behind it */
};

struct dr_resnet34;

/* The network lives in loader->arena; NULL after a failure (loader->err). */
struct dr_resnet34 *dr_resnet34_load(struct dr_loader *loader, const struct dr_kernels *kernels);

/* Columns of so many frames of features. */
size_t dr_resnet34_num_columns(size_t num_frames);

/* Floats of scratch for up to max_frames. */
size_t dr_resnet34_trunk_scratch(size_t max_frames);

/* features[num_frames][80], mean already subtracted -> columns[..][2560]. num_frames >= 1. */
void dr_resnet34_trunk(const struct dr_resnet34 *net, float *columns, const float *features,
                       size_t num_frames, float *scratch);

/* keep[num]: mask[mask_frames], which lies over `span` columns, at num columns of which the first
 * is `first` columns behind the mask's beginning: the frames that PyTorch's
 * interpolate(mode="nearest") takes. span >= 1, first + num <= span. */
void dr_resnet34_mask(unsigned char *keep, size_t num, float first, const unsigned char *mask,
                      size_t mask_frames, size_t span);

/* Floats of scratch for so many voices. */
size_t dr_resnet34_voices_scratch(size_t num_voices);

/* embeddings[num_voices][256], not normalised, of the columns[num_columns] that each
 * keep[num_voices][num_columns] marks. Of no column all statistics are 0, of a single one the
 * deviations. num_voices >= 1. */
void dr_resnet34_voices(const struct dr_resnet34 *net, float *embeddings, const float *columns,
                        size_t num_columns, const unsigned char *keep, size_t num_voices,
                        float *scratch);

/* The last layer: statistics[num][5120], as dr_pooled_statistics makes them -> embeddings
 * [num][256]. */
void dr_resnet34_head(const struct dr_resnet34 *net, float *embeddings, const float *statistics,
                      size_t num);

#endif
