/* bodies.h - names of the bodies that dr_kernels_init chooses from: dr_<slot>_<instruction set>.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_BODIES_H
#define DR_KERNELS_BODIES_H

#include "kernels/kernels.h"

#define DR_BODY_PASTE(slot, isa) dr_##slot##_##isa
#define DR_BODY(slot, isa) DR_BODY_PASTE(slot, isa)

#define DR_DECLARE(slot, args) void dr_##slot##_c args;
DR_KERNELS(DR_DECLARE)
#undef DR_DECLARE

/* Slope of an activation written as max(v, slope * v): 1 leaves v, 0 is ReLU, -1 is |v|. */
static inline float dr_activation_slope(enum dr_activation act) {
    static const float slopes[] = {
        [DR_LINEAR] = 1.0f, [DR_RELU] = 0.0f, [DR_LEAKY_RELU] = 0.01f, [DR_ABS] = -1.0f};
    return slopes[act];
}

/* norm_leaky of one number in column j. */
static inline float dr_normalised(const struct dr_instance_norm *norm, size_t j, float x) {
    const float v = (x - norm->mean[j]) * norm->factor[j] + norm->shift[j], leak = 0.01f * v;
    return v > leak ? v : leak;
}

/* What brings a row of activations up to `largest` to 16 bits; 0 where its inverse is no number. */
static inline float dr_row_factor(float largest) {
    return largest > 1e-30f ? DR_ACTIVATION_MAX / largest : 0.0f;
}

#endif
