/* gemm_neon.c - matrix product with taps, bias, residual and activation: NEON.
 * SPDX-License-Identifier: MIT
 * A tile of rows x 16 columns keeps its sums in registers over all of k: 6 rows are 24 of the 32,
 * which hides the latency of four units, and leaves 6 for inputs and 2 for weights. Inputs are
 * multiplied as the first lane of a register that holds nothing else: to load one costs no vector
 * unit, to copy it into every lane would. A panel stays in the cache while the rows stream past. */
#include <arm_neon.h>

#include "kernels/arm/arm.h"
#include "kernels/unroll.h"

#define WIDTH 4 /* columns of one register */
#define QUARTERS (DR_PANEL / WIDTH)
#define MAX_ROWS 6

/* c = act(sum + bias + residual) of the at most 16 columns from j on of row i. */
static inline void finish(const struct dr_gemm *g, size_t i, size_t j, float sum[DR_PANEL]) {
    const float slope = dr_activation_slope(g->act);
    const size_t width = g->n - j < DR_PANEL ? g->n - j : DR_PANEL;
    const float *residual = g->residual ? g->residual + (ptrdiff_t)i * g->ldr + (ptrdiff_t)j : NULL;
    float *c = g->c + (ptrdiff_t)i * g->ldc + (ptrdiff_t)j;

    for (size_t q = 0; g->bias && q < DR_PANEL; q += WIDTH)
        vst1q_f32(sum + q, vaddq_f32(vld1q_f32(sum + q), vld1q_f32(g->bias + j + q)));
    size_t q = 0;
    for (; q + WIDTH <= width; q += WIDTH) {
        float32x4_t v = vld1q_f32(sum + q);
        if (residual)
            v = vaddq_f32(v, vld1q_f32(residual + q));
        vst1q_f32(c + q, vmaxq_f32(vmulq_n_f32(v, slope), v));
    }
    for (; q < width; q++) {
        const float v = residual ? sum[q] + residual[q] : sum[q], bent = slope * v;
        c[q] = bent > v ? bent : v;
    }
}

INLINE void tile(const int rows, const struct dr_gemm *g, size_t i, size_t j) {
    const ptrdiff_t lda = g->lda;
    const float *b = g->b + j * g->taps * g->depth;
    float32x4_t sum[MAX_ROWS][QUARTERS];

    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int q = 0; q < QUARTERS; q++)
        sum[r][q] = vdupq_n_f32(0.0f);

    for (size_t t = 0; t < g->taps; t++) {
        const float *a = g->a + (ptrdiff_t)i * lda + (ptrdiff_t)t * g->tap_stride;
        for (size_t k = 0; k < g->depth; k++, a++, b += DR_PANEL) {
            float x[MAX_ROWS];
            UNROLL
            for (int r = 0; r < rows; r++)
                x[r] = a[r * lda];
            UNROLL
            for (int q = 0; q < QUARTERS; q++) {
                const float32x4_t w = vld1q_f32(b + q * WIDTH);
                UNROLL
                for (int r = 0; r < rows; r++)
                    sum[r][q] = vfmaq_n_f32(sum[r][q], w, x[r]);
            }
        }
    }

    /* Through memory, and not unrolled: the columns of one row are code enough. */
    float sums[MAX_ROWS][DR_PANEL];
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int q = 0; q < QUARTERS; q++)
        vst1q_f32(sums[r] + q * WIDTH, sum[r][q]);
    for (size_t r = 0; r < (size_t)rows; r++)
        finish(g, i + r, j, sums[r]);
}

#define TILE(rows)                                                         \
    static void tile_##rows(const struct dr_gemm *g, size_t i, size_t j) { \
        tile(rows, g, i, j);                                               \
    }
TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

static void (*const tiles[])(const struct dr_gemm *g, size_t i,
                             size_t j) = {NULL, tile_1, tile_2, tile_3, tile_4, tile_5, tile_6};

/* Rows that pass all panels before the next ones do: their part of a and c stays in the L2 cache
 * and its pages in the TLB. */
#define ROWS_AT_ONCE 168

void dr_gemm_neon(const struct dr_gemm *g) {
    for (size_t i0 = 0; i0 < g->m; i0 += ROWS_AT_ONCE) {
        const size_t m = g->m - i0 < ROWS_AT_ONCE ? g->m - i0 : ROWS_AT_ONCE;
        for (size_t j = 0; j < g->n; j += DR_PANEL) {
            /* As even as they come: a tile of one row waits for the latency of its sums. */
            size_t num_tiles = (m + MAX_ROWS - 1) / MAX_ROWS, rows;
            for (size_t i = 0; i < m; i += rows, num_tiles--) {
                rows = (m - i + num_tiles - 1) / num_tiles;
                tiles[rows](g, i0 + i, j);
            }
        }
    }
}
