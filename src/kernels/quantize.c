/* quantize.c - floats to 16 bits, for the products of gemm16: the portable bodies.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "kernels/bodies.h"
#include "kernels/half.h"

void dr_max_abs_c(float *max, const float *x, ptrdiff_t ldx, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx)
        for (size_t j = 0; j < n; j++)
            *max = fabsf(x[j]) > *max ? fabsf(x[j]) : *max;
}

static int16_t rounded(float v) {
    const float low = v < INT16_MAX ? v : INT16_MAX;
    return (int16_t)rintf(low > -INT16_MAX ? low : -INT16_MAX);
}

void dr_quantize_c(int16_t *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, float factor, size_t m,
                   size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx, y += ldy)
        for (size_t j = 0; j < n; j++)
            y[j] = rounded(x[j] * factor);
}

static float scaled(const float *x, const float *scale, const float *shift, size_t j) {
    const float v = x[j] * scale[j] + shift[j];
    return v > 0.0f ? v : 0.0f;
}

void dr_scale_shift_relu16_c(int16_t *y, ptrdiff_t ldy, float *row_scale, const float *x,
                             ptrdiff_t ldx, const float *scale, const float *shift, size_t m,
                             size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx, y += ldy) {
        float largest = 0.0f;
        for (size_t j = 0; j < n; j++) {
            const float v = scaled(x, scale, shift, j);
            largest = v > largest ? v : largest;
        }
        row_scale[i] = largest / DR_ACTIVATION_MAX;
        const float factor = dr_row_factor(largest);
        for (size_t j = 0; j < n; j++)
            y[j] = rounded(scaled(x, scale, shift, j) * factor);
    }
}

void dr_to_half_c(dr_half *y, const float *x, float factor, size_t n) {
    for (size_t j = 0; j < n; j++)
        y[j] = dr_half_of(x[j] * factor);
}

void dr_from_half_c(float *y, const dr_half *x, float factor, size_t n) {
    for (size_t j = 0; j < n; j++)
        y[j] = dr_float_of(x[j]) * factor;
}
