/* lstm_neon.c - one time step of an LSTM direction for a batch: NEON.
 * SPDX-License-Identifier: MIT
 * 6 sequences x 4 gates of 4 units: 24 sums, 6 x 4 inputs and 1 weight in 32 registers. */
#include <arm_neon.h>

#include "kernels/arm/arm.h"

typedef float32x4_t vec;
#define LANES 4
#define MAX_ROWS 6
#define vec_set vdupq_n_f32
#define vec_load vld1q_f32
#define vec_store vst1q_f32
#define vec_add vaddq_f32
#define vec_sub vsubq_f32
#define vec_mul vmulq_f32
#define vec_div vdivq_f32
#define vec_fma(a, b, c) vfmaq_f32(c, a, b)
#define vec_min vminq_f32
#define vec_max vmaxq_f32
#define vec_round vrndnq_f32
#define INPUTS 4
#define vec_inputs vld1q_f32
#define vec_fma_input(a, x, i, b) vfmaq_n_f32(a, b, (x)[i])

/* Adds n to the exponent of v, which is near 1. */
static inline vec vec_scale(vec v, vec n) {
    const int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(n), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(v), exponent));
}

#include "kernels/lstm_template.h"

void dr_lstm_step_neon(const struct dr_lstm_step *s) {
    step(s);
}
