/* sincnet.h - the convolutions of the segmentation network: waveform -> 589 frames of 60 features.
 * SPDX-License-Identifier: MIT
 *
 * Chunks that overlap share the sinc layer: it is linear, so it runs once over the samples as they
 * are, and each chunk's normalisation, x -> g x + b, follows it as s -> g s + b * sum(filter). From
 * there on every chunk is on its own. */
#ifndef DR_SEGMENTATION_SINCNET_H
#define DR_SEGMENTATION_SINCNET_H

#include "nn/layers.h"

enum { DR_SINCNET_FEATURES = 60, DR_SINCNET_BATCH = 6 /* chunks of one call at most */ };

struct dr_sincnet;

/* Lives in loader->arena; NULL after a failure (loader->err). */
struct dr_sincnet *dr_sincnet_load(struct dr_loader *loader, const struct dr_kernels *kernels);

/* Floats of scratch that one call with `batch` chunks needs. */
size_t dr_sincnet_scratch(size_t batch);

/* Chunk i is samples[i * step, i * step + 160000). sequence[589][batch][60]: its column i. A
 * chunk's result does not depend on the others in its batch. */
void dr_sincnet_run(const struct dr_sincnet *net, float *sequence, const float *samples,
                    size_t step, size_t batch, float *scratch);

#endif
