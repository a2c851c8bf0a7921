/* pooled_conv.h - what the segmentation network does twice: norm, leaky ReLU, a convolution of 5,
 * and the largest of each 3.
 * SPDX-License-Identifier: MIT */
#ifndef DR_SEGMENTATION_POOLED_CONV_H
#define DR_SEGMENTATION_POOLED_CONV_H

#include "nn/layers.h"

enum {
    DR_POOLED_CONV_CHANNELS = 60, /* of the output, */
    DR_POOLED_CONV_COLUMNS = 64   /* whose rows are so long: zeros behind the channels */
};

/* In 16 bits as Winograd's F(3, 5), a tile of which is what is pooled: 7 products instead of 15. In
 * float directly, as its transforms cost a digit. */
struct dr_pooled_conv {
    enum dr_precision precision;
    size_t columns;                              /* of the input */
    const float *norm_weight, *norm_bias;        /* [columns] */
    struct dr_linear direct;                     /* in float, or */
    struct dr_linear point[DR_WINOGRAD5_POINTS]; /* in 16 bits */
    const float *bias;                           /* [DR_POOLED_CONV_COLUMNS] */
};

/* Number `i` (0 or 1) of the network, over so many channels, which lie in whole panels of columns;
 * zeroed after a failure (loader->err). */
struct dr_pooled_conv dr_pooled_conv_load(struct dr_loader *loader, int i, unsigned channels);

/* Floats of scratch that dr_pooled_conv_run needs. */
size_t dr_pooled_conv_scratch(void);

/* out[(num_rows - 4) / 3][DR_POOLED_CONV_COLUMNS] of map[num_rows][columns], which is lost. */
void dr_pooled_conv_run(const struct dr_kernels *kernels, const struct dr_pooled_conv *conv,
                        float *out, float *map, size_t num_rows, float *scratch);

/* The parameters of instance norm number `i`, padded with zeros to whole panels; NULL after a
 * failure (loader->err). suffix: ".weight" or ".bias". */
const float *dr_load_instance_norm(struct dr_loader *loader, int i, const char *suffix,
                                   unsigned channels);

#endif
