/* vector_neon.h - what the templates call a vector: 4 floats, 4 int32.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_ARM_VECTOR_NEON_H
#define DR_KERNELS_ARM_VECTOR_NEON_H

/* Elsewhere the header is empty, so that it compiles alone. */
#if defined(__aarch64__)

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

typedef float32x4_t vec;
#define LANES 4
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
#define vec_abs vabsq_f32
#define vec_largest vmaxvq_f32

typedef float64x2_t wide_vec;
#define WIDE_LANES 2
#define wide_fma(a, b, c) vfmaq_f64(c, a, b)

/* How many lanes exist. */
typedef size_t vec_mask;
#define vec_first(n) (n)

static inline vec vec_load_masked(const float *p, vec_mask there) {
    float whole[LANES] = {0};
    for (size_t j = 0; j < LANES && j < there; j++)
        whole[j] = p[j];
    return vec_load(whole);
}

static inline void vec_store_masked(float *p, vec_mask there, vec v) {
    float whole[LANES];
    vec_store(whole, v);
    for (size_t j = 0; j < LANES && j < there; j++)
        p[j] = whole[j];
}

/* Inputs are multiplied as the first lane of a register that holds nothing else: to load one costs
 * no vector unit, to copy it into every lane would. */
typedef float vec_input;
#define vec_input_load(p) (*(p))
#define vec_fma_input(x, w, sum) vfmaq_n_f32(sum, w, x)

/* Tiles are a panel wide. */
#define MAX_VECS 4
#define GROUP(left) ((void)(left), 4)

/* Adds n to the exponent of v, which is near 1. */
static inline vec vec_scale(vec v, vec n) {
    const int32x4_t exponent = vshlq_n_s32(vcvtq_s32_f32(n), 23);
    return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(v), exponent));
}

/* 4 pairs of int16, and their sums of products before the two of each pair are added: there is no
 * instruction that does both. */
typedef int32_t any_int32 __attribute__((may_alias, aligned(2)));
typedef int16x8_t pairs;
typedef struct {
    int32x4_t low, high;
} lanes;

static inline lanes lanes_zero(void) {
    const lanes zero = {vdupq_n_s32(0), vdupq_n_s32(0)};
    return zero;
}

static inline vec lanes_to_vec(lanes v) {
    return vcvtq_f32_s32(vpaddq_s32(v.low, v.high));
}

static inline pairs lanes_pair(const int16_t *p) {
    return vreinterpretq_s16_s32(vdupq_n_s32(*(const any_int32 *)(const void *)p));
}

#define lanes_load vld1q_s16

static inline lanes lanes_multiply_add(pairs x, pairs w, lanes sum) {
    sum.low = vmlal_s16(sum.low, vget_low_s16(x), vget_low_s16(w));
    sum.high = vmlal_high_s16(sum.high, x, w);
    return sum;
}

/* 4 floats, rounded, as int16 from -32767 to 32767. */
static inline void store_int16(int16_t *y, vec v) {
    const vec fit = vmaxnmq_f32(vminnmq_f32(v, vec_set(INT16_MAX)), vec_set(-INT16_MAX));
    vst1_s16(y, vmovn_s32(vcvtnq_s32_f32(fit)));
}

/* The 16 floats of four vectors, rounded, as int16: they fit. */
static inline void store_int16_line(int16_t *y, const vec v[4]) {
    for (int i = 0; i < 4; i++)
        vst1_s16(y + i * LANES, vmovn_s32(vcvtnq_s32_f32(v[i])));
}

/* 4 halves as floats, and back, rounded to even. */
static inline vec load_half(const uint16_t *x) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x)));
}

static inline void store_half(uint16_t *y, vec v) {
    vst1_u16(y, vreinterpret_u16_f16(vcvt_f16_f32(v)));
}

#endif

#endif
