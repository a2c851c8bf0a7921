/* residual_maps.h - the 2-D head of CAM++: log-mel features -> [frames][320].
 * SPDX-License-Identifier: MIT
 *
 * A 3x3 convolution from one to 32 channels, four residual blocks of two and a last one; strides
 * over mels take 80 of them to 10. All but the first and the 1x1 shortcuts run as Winograd's
 * (winograd_conv.h); in 16 bits maps lie in memory as halves. */
#ifndef DR_EMBEDDING_RESIDUAL_MAPS_H
#define DR_EMBEDDING_RESIDUAL_MAPS_H

#include "nn/layers.h"

enum { DR_MAPS_FEATURES = 320 };

struct dr_residual_maps;

/* Lives in loader->arena; NULL after a failure (loader->err). */
struct dr_residual_maps *dr_residual_maps_load(struct dr_loader *loader,
                                               const struct dr_kernels *kernels);

/* Floats of scratch for up to max_frames. */
size_t dr_residual_maps_scratch(size_t max_frames);

/* features[frames][80] -> out[frames][320], feature mel * 32 + channel. */
void dr_residual_maps_run(const struct dr_residual_maps *net, float *out, const float *features,
                          size_t frames, float *scratch);

#endif
