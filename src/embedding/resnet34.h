/* resnet34.h - the embedding network of community-1: what a voice sounds like.
 * SPDX-License-Identifier: MIT
 *
 * WeSpeaker's ResNet34 (Wang et al. 2023) as in pyannote.audio's WeSpeakerResNet34, in two parts,
 * so that all speakers of a window are embedded from one pass over it:
 *
 *   trunk   features [T][80] -> 3x3 convolution to 32 channels -> 3, 4, 6 and 3 residual blocks of
 *           32, 64, 128 and 256 channels, stride 2 over mels and frames between them
 *           -> map [10 mels][ceil(T/8)][256]
 *   head    for each speaker: mean and standard deviation of the frames in which he talks [5120]
 *           -> linear -> [256]
 *
 * Tensors are named embedding.resnet.* in the model file. */
#ifndef DR_EMBEDDING_RESNET34_H
#define DR_EMBEDDING_RESNET34_H

#include "nn/layers.h"

enum { DR_RESNET34_DIM = 256, DR_RESNET34_MAP_MELS = 10 };

struct dr_resnet34;

/* The network lives in loader->arena; NULL after a failure (loader->err). */
struct dr_resnet34 *dr_resnet34_load(struct dr_loader *loader, const struct dr_kernels *kernels);

/* Frames and floats of the map of so many frames of features. */
size_t dr_resnet34_map_frames(size_t num_frames);
size_t dr_resnet34_map_floats(size_t num_frames);

/* Floats of scratch for up to max_frames. */
size_t dr_resnet34_trunk_scratch(size_t max_frames);

/* features[num_frames][80], mean already subtracted -> map[10][map_frames][256]. num_frames >= 1.
 */
void dr_resnet34_trunk(const struct dr_resnet34 *net, float *map, const float *features,
                       size_t num_frames, float *scratch);

/* Floats of scratch for so many masks. */
size_t dr_resnet34_head_scratch(size_t num_masks, size_t map_frames);

/* masks[num_masks][mask_frames], where frame i is not 0 when the speaker talks in it, are brought
 * to the map's frames as PyTorch's interpolate(mode="nearest") does -> embeddings[num_masks][256],
 * not normalised. num_masks >= 1. Of an empty mask all statistics are 0, of a single frame the
 * deviations. */
void dr_resnet34_head(const struct dr_resnet34 *net, float *embeddings, const float *map,
                      size_t map_frames, const unsigned char *masks, size_t num_masks,
                      size_t mask_frames, float *scratch);

#endif
