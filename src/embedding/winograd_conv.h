/* winograd_conv.h - a 3x3 convolution over maps of features as Winograd's F(5x5, 3x3).
 * SPDX-License-Identifier: MIT
 *
 * Each 7 x 7 of the input, 5 apart, is transformed into 49 points; each point of all tiles is a
 * matrix product over channels; 49 products are transformed into 5 x 5 of the output: 4.6 times
 * fewer multiplications, and 10 mels, or 20, 40 and 80, are whole tiles. With a stride of 2 over
 * mels tiles are 6 mels apart and outputs 0, 2 and 4 are kept: 2.8 times fewer. Lavin & Gray,
 * "Fast Algorithms for Convolutional Neural Networks" (2016). */
#ifndef DR_EMBEDDING_WINOGRAD_CONV_H
#define DR_EMBEDDING_WINOGRAD_CONV_H

#include "embedding/maps.h"
#include "nn/layers.h"

enum {
    DR_WINOGRAD_TILE = 5,   /* outputs of a tile, and */
    DR_WINOGRAD_POINTS = 7, /* its points, in one dimension */
    DR_WINOGRAD_SQUARE = DR_WINOGRAD_POINTS * DR_WINOGRAD_POINTS
};

/* With the batch norm that follows it; as many channels go in as come out, a multiple of 32. */
struct dr_winograd_conv {
    enum dr_precision precision;
    struct dr_linear point[DR_WINOGRAD_SQUARE];
    const float *bias;
    struct dr_gain gain;
    size_t channels, stride; /* over mels: 1 or 2 */
};

/* CONV.weight [channels][channels][3 mels][3 frames] and NORM.*, in the loader's precision; stride:
 * 1 or 2. */
struct dr_winograd_conv dr_winograd_conv_load(struct dr_loader *loader, const char *conv,
                                              const char *norm, unsigned channels, unsigned stride);

/* Floats of scratch of one run. */
size_t dr_winograd_conv_scratch(size_t channels);

/* out = relu(conv(in) + residual), maps with tiles of DR_WINOGRAD_TILE, in 16 bits narrow ones; out
 * has 1 / stride of the mels of in, at least 3. residual is NULL or, without a stride, may be out.
 * No value of in is negative, and in 16 bits its max is read; that of out is written: its largest
 * value, or by a rounding more. */
void dr_winograd_conv_run(const struct dr_kernels *kernels, const struct dr_winograd_conv *conv,
                          struct dr_map *out, const struct dr_map *in,
                          const struct dr_map *residual, float *scratch);

#endif
