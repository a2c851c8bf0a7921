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

void DR_BODY(fold_frames, DR_ISA)(float *restrict even, float *restrict odd,
                                  const float *restrict x, size_t stride, size_t h,
                                  size_t num_frames) {
    for (size_t i = 0; i < num_frames; i++, x += stride, even += h + 1, odd += h + 1) {
        for (size_t k = 0; k < h; k++) {
            const float a = x[k], b = x[2 * h - k];
            even[k] = a + b;
            odd[k] = a - b;
        }
        even[h] = x[h];
        odd[h] = 0.0f;
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

#define CHUNK 64 /* columns that are normalized together */

struct moments {
    /* The mean in two parts: x - mean is exact to the last digit of x however far x is from 0. */
    float mean[CHUNK], mean_rest[CHUNK];
    float factor[CHUNK]; /* weight / deviation */
};

/* Of w <= 16 columns. Sums in double: the difference of two large numbers needs the digits. */
static inline void column_moments(float *mean, float *mean_rest, float *factor, const float *x,
                                  const float *weight, size_t m, size_t n, size_t w) {
    double sum[DR_PANEL] = {0}, squares[DR_PANEL] = {0};
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < w; j++) {
            const double v = x[i * n + j];
            sum[j] += v;
            squares[j] += v * v;
        }
    for (size_t j = 0; j < w; j++) {
        const double e = sum[j] / (double)m, variance = squares[j] / (double)m - e * e;
        mean[j] = (float)e;
        mean_rest[j] = (float)(e - mean[j]);
        factor[j] = (float)(weight[j] / sqrt(fmax(variance, 0.0) + 1e-5));
    }
}

static void chunk_moments(struct moments *to, const float *x, const float *weight, size_t m,
                          size_t n, size_t w) {
    for (size_t j = 0; j < w; j += DR_PANEL) {
        float *mean = to->mean + j, *mean_rest = to->mean_rest + j, *factor = to->factor + j;
        /* The constant width is what lets the compiler keep 16 sums in registers. */
        if (w - j >= DR_PANEL)
            column_moments(mean, mean_rest, factor, x + j, weight + j, m, n, DR_PANEL);
        else
            column_moments(mean, mean_rest, factor, x + j, weight + j, m, n, w - j);
    }
}

void DR_BODY(instance_norm_leaky, DR_ISA)(float *x, const float *weight, const float *bias,
                                          size_t m, size_t n) {
    for (size_t j0 = 0; j0 < n; j0 += CHUNK) {
        const size_t w = n - j0 < CHUNK ? n - j0 : CHUNK;
        struct moments by;
        chunk_moments(&by, x + j0, weight + j0, m, n, w);
        for (size_t i = 0; i < m; i++) {
            float *row = x + i * n + j0;
            IN_PLACE
            for (size_t j = 0; j < w; j++) {
                const float centred = (row[j] - by.mean[j]) - by.mean_rest[j];
                const float v = centred * by.factor[j] + bias[j0 + j], leak = 0.01f * v;
                row[j] = v > leak ? v : leak;
            }
        }
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
