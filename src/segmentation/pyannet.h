/* pyannet.h - the segmentation network: who of at most three local speakers talks, in 10 s.
 * SPDX-License-Identifier: MIT
 *
 * pyannote/segmentation-3.0 (PyanNet): waveform [160000] -> instance norm -> 80 sinc filters of
 * 251, stride 10, |.| -> 2 convolutions of 5 (80 -> 60 -> 60), each of the three followed by
 * max-pool 3, instance norm and leaky ReLU -> [589][60] -> 4 bidirectional LSTM layers of 128 -> 2
 * linear layers of 128 -> 7 powerset classes. Tensors are named segmentation.* in the model file.
 */
#ifndef DR_SEGMENTATION_PYANNET_H
#define DR_SEGMENTATION_PYANNET_H

#include "base/threads.h"
#include "nn/layers.h"
#include "segmentation/sincnet.h"

struct dr_pyannet;

/* The network lives in loader->arena; NULL after a failure (loader->err). */
struct dr_pyannet *dr_pyannet_load(struct dr_loader *loader, const struct dr_kernels *kernels);

/* Chunks of one call at most: enough for the LSTM to keep its gates in registers. */
enum { DR_PYANNET_BATCH = DR_SINCNET_BATCH };

/* Floats of scratch that one call with `batch` chunks needs. */
size_t dr_pyannet_scratch(size_t batch);

/* Chunk i is samples[i * step, i * step + 160000): chunks that overlap share the sinc layer.
 * logprob[batch][589][7]: natural-log probabilities. 1 <= batch <= DR_PYANNET_BATCH. A chunk's
 * result does not depend on the others in its batch. A pool helps where it can, for one call at a
 * time; NULL: this thread does it alone. */
void dr_pyannet_run(const struct dr_pyannet *net, float *logprob, const float *samples, size_t step,
                    size_t batch, struct dr_pool *pool, float *scratch);

/* The same in two parts, for chunks that come from several places: the convolutions, one chunk
 * after the other, and what follows of all of them, sequence [589][batch][60]. */
const struct dr_sincnet *dr_pyannet_sincnet(const struct dr_pyannet *net);
size_t dr_pyannet_sequence_scratch(size_t batch);
void dr_pyannet_run_sequence(const struct dr_pyannet *net, float *logprob, const float *sequence,
                             size_t batch, struct dr_pool *pool, float *scratch);

#endif
