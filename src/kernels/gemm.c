/* gemm.c - matrix product with taps, bias, residual and activation: the portable body.
 * SPDX-License-Identifier: MIT
 * One row and one panel of 16 columns at a time. */
#include "kernels/bodies.h"

/* sum[j] += sum over k of a[k] * b[k][j] */
static void add_products(float *restrict sum, const float *a, const float *b, size_t depth) {
    for (size_t k = 0; k < depth; k++) {
        /* Unrolled, gcc 12 would make vectors along k, out of shuffles. */
#pragma GCC unroll 1
        for (size_t j = 0; j < DR_PANEL; j++)
            sum[j] += a[k] * b[k * DR_PANEL + j];
    }
}

void dr_gemm_c(const struct dr_gemm *g) {
    const float slope = dr_activation_slope(g->act);
    const size_t tap_size = g->depth * DR_PANEL;

    for (size_t i = 0; i < g->m; i++) {
        const float *a = g->a + (ptrdiff_t)i * g->lda;
        for (size_t j0 = 0; j0 < g->n; j0 += DR_PANEL) {
            const float *b = g->b + j0 * g->taps * g->depth;
            float sum[DR_PANEL] = {0};
            for (size_t t = 0; t < g->taps; t++)
                add_products(sum, a + (ptrdiff_t)t * g->tap_stride, b + t * tap_size, g->depth);

            for (size_t j = 0; j < DR_PANEL && j0 + j < g->n; j++) {
                float v = sum[j];
                if (g->bias)
                    v += g->bias[j0 + j];
                if (g->residual)
                    v += g->residual[(ptrdiff_t)i * g->ldr + (ptrdiff_t)(j0 + j)];
                const float bent = slope * v;
                g->c[(ptrdiff_t)i * g->ldc + (ptrdiff_t)(j0 + j)] = bent > v ? bent : v;
            }
        }
    }
}
