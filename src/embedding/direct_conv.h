/* direct_conv.h - a convolution over maps of features as a product whose rows overlap.
 * SPDX-License-Identifier: MIT */
#ifndef DR_EMBEDDING_DIRECT_CONV_H
#define DR_EMBEDDING_DIRECT_CONV_H

#include "embedding/maps.h"
#include "nn/layers.h"

/* With the batch norm that follows it. */
struct dr_direct_conv {
    struct dr_linear linear; /* taps: one for each mel */
    struct dr_gain gain;     /* in 16 bits */
};

/* CONV.weight [n][channels][kernel mels][kernel frames] and NORM.*; maps are in the loader's
 * precision, the product in `precision`. */
struct dr_direct_conv dr_direct_conv_load(struct dr_loader *loader, const char *conv,
                                          const char *norm, unsigned n, unsigned channels,
                                          unsigned kernel, enum dr_precision precision);

/* A network's first convolution, 3x3 of floats: features[frames][80] -> relu, by way of a map of a
 * single channel at data and, where out is narrow, of line[frames][channels of out]. */
void dr_direct_conv_first(const struct dr_kernels *kernels, const struct dr_direct_conv *conv,
                          struct dr_map *out, const float *features, float *data, float *line);

#endif
