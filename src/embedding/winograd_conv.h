/* winograd_conv.h - a 3x3 convolution over maps of features as Winograd's F(4x4, 3x3).
 * SPDX-License-Identifier: MIT
 *
 * Each 6 x 6 of the input, 4 apart, is transformed into 36 points; each point of all tiles is a
 * matrix product over channels; 36 products are transformed into 4 x 4 of the output: a quarter of
 * the multiplications. Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016). */
#ifndef DR_EMBEDDING_WINOGRAD_CONV_H
#define DR_EMBEDDING_WINOGRAD_CONV_H

#include "embedding/maps.h"
#include "nn/layers.h"

enum {
    DR_WINOGRAD_POINTS = 6, /* in one dimension */
    DR_WINOGRAD_SQUARE = DR_WINOGRAD_POINTS * DR_WINOGRAD_POINTS
};

/* G: what takes 3 weights of a filter to its points. */
extern const double dr_winograd_filter[DR_WINOGRAD_POINTS][3];

/* With the batch norm that follows it; as many channels go in as come out, a multiple of 32. */
struct dr_winograd_conv {
    enum dr_precision precision;
    struct dr_linear point[DR_WINOGRAD_SQUARE];
    const float *bias;
    size_t channels;
};

/* CONV.weight [channels][channels][3 mels][3 frames] and NORM.*, in the loader's precision. */
struct dr_winograd_conv dr_winograd_conv_load(struct dr_loader *loader, const char *conv,
                                              const char *norm, unsigned channels);

/* Floats of scratch of one run. */
size_t dr_winograd_conv_scratch(size_t channels);

/* out = relu(conv(in) + residual), maps of one shape; residual may be out, or NULL. No value of in
 * is negative, and in 16 bits its max is read; that of out is written. */
void dr_winograd_conv_run(const struct dr_kernels *kernels, const struct dr_winograd_conv *conv,
                          struct dr_map *out, const struct dr_map *in,
                          const struct dr_map *residual, float *scratch);

#endif
