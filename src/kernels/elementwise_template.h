/* elementwise_template.h - per-column operations, [m][n] with channels last.
 * SPDX-License-Identifier: MIT
 * Compiled once per instruction set by a file that defines DR_ISA: the compiler turns the loops
 * over columns into vector code. Every element is computed in the same order on every one of them,
 * so the results are the same bits. No include guard: one file includes this once. */
#include <math.h>

#include "kernels/bodies.h"

#ifndef DR_ISA
#error elementwise_template.h is included without DR_ISA
#endif

/* An output that may be the input is never ahead of it within a row. */
#if defined(__clang__)
#define IN_PLACE _Pragma("clang loop vectorize(assume_safety)")
#else
#define IN_PLACE _Pragma("GCC ivdep")
#endif

void DR_BODY(scale_shift_relu, DR_ISA)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx,
                                       const float *scale, const float *shift, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx, y += ldy) {
        IN_PLACE
        for (size_t j = 0; j < n; j++) {
            const float v = x[j] * scale[j] + shift[j];
            y[j] = v > 0.0f ? v : 0.0f;
        }
    }
}

void DR_BODY(max_pool3, DR_ISA)(float *y, const float *x, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += 3 * n, y += n) {
        IN_PLACE
        for (size_t j = 0; j < n; j++) {
            const float a = x[j], b = x[n + j], c = x[2 * n + j];
            const float ab = a > b ? a : b;
            y[j] = ab > c ? ab : c;
        }
    }
}

void DR_BODY(abs_max_pool3, DR_ISA)(float *restrict y, const float *restrict x, float scale,
                                    const float *restrict shift, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += 3 * n, y += n)
        for (size_t j = 0; j < n; j++) {
            const float a = fabsf(x[j] * scale + shift[j]);
            const float b = fabsf(x[n + j] * scale + shift[j]);
            const float c = fabsf(x[2 * n + j] * scale + shift[j]);
            const float ab = a > b ? a : b;
            y[j] = ab > c ? ab : c;
        }
}

void DR_BODY(extremes_pool3, DR_ISA)(float *restrict y, const float *restrict x, size_t m,
                                     size_t n) {
    for (size_t i = 0; i < m; i++, x += 6 * n, y += 3 * n)
        for (size_t j = 0; j < n; j++) {
            const float a = x[j], b = x[2 * n + j], c = x[4 * n + j];
            const float larger = a > b ? a : b, smaller = a < b ? a : b;
            y[j] = larger > c ? larger : c;
            y[n + j] = smaller < c ? smaller : c;
            const float d = fabsf(x[n + j]), e = fabsf(x[3 * n + j]), f = fabsf(x[5 * n + j]);
            const float de = d > e ? d : e;
            y[2 * n + j] = de > f ? de : f;
        }
}

void DR_BODY(abs_max_extremes, DR_ISA)(float *restrict y, const float *restrict x, float scale,
                                       const float *restrict shift, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += 3 * n, y += 2 * n)
        for (size_t j = 0; j < n; j++) {
            const float a = fabsf(x[j] * scale + shift[j]);
            const float b = fabsf(x[n + j] * scale + shift[j]);
            y[j] = a > b ? a : b;
            y[n + j] = fabsf(x[2 * n + j] * scale);
        }
}

/* Of w <= 16 columns from column j on. Sums in double: the difference of two large numbers needs
 * the digits. x - mean is exact to the last digit of x however far x is from 0; what the mean has
 * beyond a float goes into the shift. */
static inline void column_norms(struct dr_instance_norm *norm, const float *x, const float *weight,
                                const float *bias, size_t m, size_t n, size_t j, size_t w) {
    double sum[DR_PANEL] = {0}, squares[DR_PANEL] = {0};
    for (size_t i = 0; i < m; i++)
        for (size_t c = 0; c < w; c++) {
            const double v = x[i * n + j + c];
            sum[c] += v;
            squares[c] += v * v;
        }
    for (size_t c = 0; c < w; c++) {
        const double e = sum[c] / (double)m, variance = squares[c] / (double)m - e * e;
        const double factor = weight[j + c] / sqrt(fmax(variance, 0.0) + 1e-5);
        norm->mean[j + c] = (float)e;
        norm->factor[j + c] = (float)factor;
        norm->shift[j + c] = (float)(bias[j + c] - (e - norm->mean[j + c]) * factor);
    }
}

void DR_BODY(instance_norm, DR_ISA)(struct dr_instance_norm *norm, const float *x,
                                    const float *weight, const float *bias, size_t m, size_t n) {
    for (size_t j = 0; j < n; j += DR_PANEL) {
        /* The constant width is what lets the compiler keep 16 sums in registers. */
        if (n - j >= DR_PANEL)
            column_norms(norm, x, weight, bias, m, n, j, DR_PANEL);
        else
            column_norms(norm, x, weight, bias, m, n, j, n - j);
    }
}

void DR_BODY(norm_leaky, DR_ISA)(float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx,
                                 const struct dr_instance_norm *norm, size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx, y += ldy) {
        IN_PLACE
        for (size_t j = 0; j < n; j++)
            y[j] = dr_normalised(norm, j, x[j]);
    }
}

void DR_BODY(add_rows, DR_ISA)(float *restrict sum, const float *restrict x, ptrdiff_t ldx,
                               size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx)
        for (size_t j = 0; j < n; j++)
            sum[j] += x[j];
}

void DR_BODY(scale_columns, DR_ISA)(float *restrict x, ptrdiff_t ldx, const float *restrict factor,
                                    size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx)
        for (size_t j = 0; j < n; j++)
            x[j] *= factor[j];
}

void DR_BODY(pool_sums, DR_ISA)(double *restrict sum, double *restrict squares,
                                const float *restrict x, ptrdiff_t ldx, const unsigned char *keep,
                                size_t m, size_t n) {
    for (size_t i = 0; i < m; i++, x += ldx) {
        if (!keep[i])
            continue;
        for (size_t j = 0; j < n; j++) {
            const double v = x[j];
            sum[j] += v;
            squares[j] += v * v;
        }
    }
}
