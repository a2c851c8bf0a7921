/* quantize_template.h - floats to 16 bits, for the products of gemm16, for any vector width.
 * SPDX-License-Identifier: MIT
 * Included once by each instruction set's file, which defines DR_ISA and
 *   vec, LANES                the vector, its lanes
 *   vec_set, vec_load, vec_store, vec_mul, vec_fma (a * b + c), vec_max, vec_abs: as their names
 *                             say
 *   vec_largest(v)            the largest lane
 *   store_int16(p, v)         LANES floats, rounded, as int16 from -32767 to 32767
 *   store_int16_line(p, v)    DR_PANEL floats that fit
 *   load_half(p), store_half(p, v)   LANES halves
 *
 * Every element is rounded as in the portable bodies. No include guard: one file includes this
 * once. */
#include <math.h>

#include "kernels/bodies.h"
#include "kernels/unroll.h"

/* The elements that no whole vector is left for, as one vector that is filled up with zeros. */
INLINE vec load_rest(const float *x, size_t n) {
    float whole[LANES] = {0};
    for (size_t j = 0; j < n; j++)
        whole[j] = x[j];
    return vec_load(whole);
}

INLINE void store_rest(int16_t *y, vec v, size_t n) {
    int16_t whole[LANES];
    store_int16(whole, v);
    for (size_t j = 0; j < n; j++)
        y[j] = whole[j];
}

void DR_BODY(max_abs, DR_ISA)(float *max, const float *x, ptrdiff_t ldx, size_t m, size_t n) {
    vec even = vec_set(*max), odd = even;
    for (size_t i = 0; i < m; i++, x += ldx) {
        size_t j = 0;
        for (; j + 2 * LANES <= n; j += 2 * LANES) {
            even = vec_max(even, vec_abs(vec_load(x + j)));
            odd = vec_max(odd, vec_abs(vec_load(x + j + LANES)));
        }
        for (; j + LANES <= n; j += LANES)
            even = vec_max(even, vec_abs(vec_load(x + j)));
        if (j < n)
            even = vec_max(even, vec_abs(load_rest(x + j, n - j)));
    }
    *max = vec_largest(vec_max(even, odd));
}

void DR_BODY(to_half, DR_ISA)(dr_half *y, const float *x, float factor, size_t n) {
    for (size_t j = 0; j < n; j += LANES)
        store_half(y + j, vec_mul(vec_load(x + j), vec_set(factor)));
}

void DR_BODY(from_half, DR_ISA)(float *y, const dr_half *x, float factor, size_t n) {
    for (size_t j = 0; j < n; j += LANES)
        vec_store(y + j, vec_mul(load_half(x + j), vec_set(factor)));
}

void DR_BODY(quantize, DR_ISA)(int16_t *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx,
                               float factor, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx, y += ldy) {
        size_t j = 0;
        for (; j + LANES <= n; j += LANES)
            store_int16(y + j, vec_mul(vec_load(x + j), vec_set(factor)));
        if (j < n)
            store_rest(y + j, vec_mul(load_rest(x + j, n - j), vec_set(factor)), n - j);
    }
}

INLINE vec scaled(vec x, vec scale, vec shift) {
    return vec_max(vec_fma(x, scale, shift), vec_set(0.0f));
}

INLINE float largest_scaled(const float *x, const float *scale, const float *shift, size_t n) {
    vec largest = vec_set(0.0f), other = largest;
    size_t j = 0;
    for (; j + 2 * LANES <= n; j += 2 * LANES) {
        largest =
            vec_max(largest, scaled(vec_load(x + j), vec_load(scale + j), vec_load(shift + j)));
        other = vec_max(other, scaled(vec_load(x + j + LANES), vec_load(scale + j + LANES),
                                      vec_load(shift + j + LANES)));
    }
    for (; j + LANES <= n; j += LANES)
        largest =
            vec_max(largest, scaled(vec_load(x + j), vec_load(scale + j), vec_load(shift + j)));
    if (j < n)
        largest = vec_max(largest, scaled(load_rest(x + j, n - j), load_rest(scale + j, n - j),
                                          load_rest(shift + j, n - j)));
    return vec_largest(vec_max(largest, other));
}

void DR_BODY(scale_shift_relu16, DR_ISA)(int16_t *y, ptrdiff_t ldy, float *row_scale,
                                         const float *x, ptrdiff_t ldx, const float *scale,
                                         const float *shift, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx, y += ldy) {
        const float largest = largest_scaled(x, scale, shift, n);
        const vec factor = vec_set(dr_row_factor(largest));
        row_scale[i] = largest / DR_ACTIVATION_MAX;
        size_t j = 0;
        for (; j + DR_PANEL <= n; j += DR_PANEL) {
            vec line[DR_PANEL / LANES];
            UNROLL
            for (size_t l = 0; l < DR_PANEL / LANES; l++) {
                const size_t at = j + l * LANES;
                const vec v = scaled(vec_load(x + at), vec_load(scale + at), vec_load(shift + at));
                line[l] = vec_mul(v, factor);
            }
            store_int16_line(y + j, line);
        }
        for (; j + LANES <= n; j += LANES) {
            const vec v = scaled(vec_load(x + j), vec_load(scale + j), vec_load(shift + j));
            store_int16(y + j, vec_mul(v, factor));
        }
        if (j < n) {
            const vec v = scaled(load_rest(x + j, n - j), load_rest(scale + j, n - j),
                                 load_rest(shift + j, n - j));
            store_rest(y + j, vec_mul(v, factor), n - j);
        }
    }
}
