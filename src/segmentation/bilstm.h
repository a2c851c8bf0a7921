/* bilstm.h - the recurrent part of the segmentation network: four bidirectional LSTM layers.
 * SPDX-License-Identifier: MIT */
#ifndef DR_SEGMENTATION_BILSTM_H
#define DR_SEGMENTATION_BILSTM_H

#include "base/threads.h"
#include "nn/layers.h"

enum { DR_BILSTM_UNITS = 256 /* of both directions */ };

struct dr_bilstm;

/* Lives in loader->arena; NULL after a failure (loader->err). */
struct dr_bilstm *dr_bilstm_load(struct dr_loader *loader, const struct dr_kernels *kernels);

/* Floats of scratch that one call with `batch` chunks needs. */
size_t dr_bilstm_scratch(size_t batch);

/* sequence[589][batch][60] -> the last layer's output [589][batch][256], which lies in scratch: as
 * int16 in units of 1 / DR_LSTM_UNIT when the network is of 16 bits, else as float. A pool runs a
 * layer's two directions at the same time; NULL: one after the other. */
const void *dr_bilstm_run(const struct dr_bilstm *net, const float *sequence, size_t batch,
                          struct dr_pool *pool, float *scratch);

#endif
