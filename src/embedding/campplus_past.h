/* campplus_past.h - what CAM++'s layers need of the columns before those at hand.
 * SPDX-License-Identifier: MIT
 *
 * A dense layer's convolution reaches one or two columns back, and its mask depends on means over
 * columns. Of each layer's 128 channels between the two products the last two columns are kept, and
 * a sum of the last ones. */
#ifndef DR_EMBEDDING_CAMPPLUS_PAST_H
#define DR_EMBEDDING_CAMPPLUS_PAST_H

#include <stddef.h>

enum {
    DR_CAMPPLUS_LAYERS = 52,
    DR_CAMPPLUS_BOTTLENECK = 128,
    DR_CAMPPLUS_MAX_DILATION = 2,
    DR_CAMPPLUS_NEAR = 54 /* columns of a mask's nearer mean, at least, and of a sum */
};

struct dr_layer_past {
    float row[DR_CAMPPLUS_MAX_DILATION][DR_CAMPPLUS_BOTTLENECK]; /* the last ones */
    float sum[DR_CAMPPLUS_BOTTLENECK];
};

/* All zeros: nothing yet. */
struct dr_campplus_past {
    float num; /* columns in the sums */
    struct dr_layer_past layer[DR_CAMPPLUS_LAYERS];
};

/* What columns behind it come after: nothing. */
void dr_campplus_past_forget(struct dr_campplus_past *past);

/* rows[reach][128]: those before new ones, zeros where there are none. */
void dr_layer_past_rows(const struct dr_campplus_past *past, size_t layer, float *rows,
                        size_t reach);

/* context[128]: of n new columns with that sum, 1.2 times the mean over them and the past plus 0.8
 * times the mean over them alone or, of less than 54, with as much of the past as makes 54.
 * past->num > 0. */
void dr_layer_past_context(const struct dr_campplus_past *past, size_t layer, float *context,
                           const float *sum, size_t n);

/* Of a layer, n new columns become the past: their sum and last rows[reach][128]. */
void dr_layer_past_add(struct dr_campplus_past *past, size_t layer, const float *rows, size_t reach,
                       const float *sum, size_t n);

/* Once all layers have them. */
void dr_campplus_past_advance(struct dr_campplus_past *past, size_t n);

#endif
