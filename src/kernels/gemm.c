/* gemm.c - matrix product with taps, bias, residual and activation: the portable body.
 * SPDX-License-Identifier: MIT
 * One panel of 16 columns and up to two rows at a time. */
#include <string.h>

#include "kernels/bodies.h"
#include "kernels/products.h"

/* c = act(sum + bias + residual) of one row of a panel; what is beyond n is not stored. */
static void finish(const struct dr_gemm *g, size_t i, size_t j0, float v[DR_PANEL]) {
    const float slope = dr_activation_slope(g->act);
    const size_t columns = g->n - j0 < DR_PANEL ? g->n - j0 : DR_PANEL;
    if (g->bias)
        for (size_t j = 0; j < DR_PANEL; j++)
            v[j] += g->bias[j0 + j];
    if (g->residual)
        for (size_t j = 0; j < columns; j++)
            v[j] += g->residual[(ptrdiff_t)i * g->ldr + (ptrdiff_t)(j0 + j)];
    for (size_t j = 0; j < DR_PANEL; j++)
        v[j] = slope * v[j] > v[j] ? slope * v[j] : v[j];
    memcpy(g->c + (ptrdiff_t)i * g->ldc + j0, v, columns * sizeof *v);
}

INLINE void tile(const int rows, const struct dr_gemm *g, size_t i, size_t j) {
    const float *a = g->a + (ptrdiff_t)i * g->lda, *b = g->b + j * g->taps * g->depth;
    float sum[MAX_ROWS][DR_PANEL] = {{0}};
    for (size_t t = 0; t < g->taps; t++, a += g->tap_stride, b += g->depth * DR_PANEL)
        add_products(rows, sum, a, g->lda, b, DR_PANEL, g->depth);
    for (int r = 0; r < rows; r++)
        finish(g, i + (size_t)r, j, sum[r]);
}

void dr_gemm_c(const struct dr_gemm *g) {
    for (size_t j = 0; j < g->n; j += DR_PANEL) {
        size_t i = 0;
        for (; i + 2 <= g->m; i += 2)
            tile(2, g, i, j);
        if (i < g->m)
            tile(1, g, i, j);
    }
}
