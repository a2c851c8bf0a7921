/* gemm16.c - matrix product of 16-bit integers with taps and scales: the portable body.
 * SPDX-License-Identifier: MIT
 * One row and one panel of 16 columns at a time. */
#include "kernels/bodies.h"

/* sum[j] += sum over k of a[k] * b[k/2][j][k%2], exact */
static void add_products(int32_t *restrict sum, const int16_t *a, const int16_t *b, size_t depth) {
    for (size_t k = 0; k < depth; k += 2, b += 2 * DR_PANEL)
        for (size_t j = 0; j < DR_PANEL; j++)
            sum[j] += a[k] * b[2 * j] + a[k + 1] * b[2 * j + 1];
}

void dr_gemm16_c(const struct dr_gemm16 *g) {
    const float slope = dr_activation_slope(g->act);

    for (size_t i = 0; i < g->m; i++) {
        const int16_t *a = g->a + (ptrdiff_t)i * g->lda;
        const float row_scale = g->row_scale ? g->scale * g->row_scale[i] : g->scale;
        for (size_t j0 = 0; j0 < g->n; j0 += DR_PANEL) {
            const int16_t *b = g->b + j0 * g->taps * g->depth;
            float total[DR_PANEL] = {0};
            for (size_t t = 0; t < g->taps; t += g->exact_taps) {
                int32_t sum[DR_PANEL] = {0};
                for (size_t e = t; e < t + g->exact_taps; e++, b += g->depth * DR_PANEL)
                    add_products(sum, a + (ptrdiff_t)e * g->tap_stride, b, g->depth);
                for (size_t j = 0; j < DR_PANEL; j++)
                    total[j] += (float)sum[j];
            }
            for (size_t j = 0; j < DR_PANEL && j0 + j < g->n; j++) {
                float v = total[j] * (row_scale * g->column_scale[j0 + j]);
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
