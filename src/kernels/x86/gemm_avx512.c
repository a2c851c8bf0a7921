/* gemm_avx512.c - matrix product with taps, bias, residual and activation: AVX-512.
 * SPDX-License-Identifier: MIT
 * A tile of rows x panels keeps its sums in registers over all of k: 24 of the 32 where the shape
 * allows it, which hides the latency of two units, and leaves 4 for weights and some for
 * broadcast inputs. A group of panels stays in the cache while the rows stream past it. */
#include <immintrin.h>

#include "kernels/unroll.h"
#include "kernels/x86/x86.h"

#if !defined(__AVX512F__) || !defined(__FMA__)
#error gemm_avx512.c is being compiled without AVX-512
#endif

/* c = act(sum + bias + residual) of one row of a panel; only the columns in mask exist. */
INLINE void finish(const struct dr_gemm *g, size_t i, size_t j, __mmask16 mask, __m512 sum,
                   __m512 slope) {
    if (g->bias)
        sum = _mm512_add_ps(sum, _mm512_loadu_ps(g->bias + j));
    if (g->residual)
        sum = _mm512_add_ps(
            sum, _mm512_maskz_loadu_ps(mask, g->residual + (ptrdiff_t)i * g->ldr + (ptrdiff_t)j));
    const __m512 v = _mm512_max_ps(_mm512_mul_ps(sum, slope), sum);
    _mm512_mask_storeu_ps(g->c + (ptrdiff_t)i * g->ldc + (ptrdiff_t)j, mask, v);
}

INLINE void tile(const int rows, const int panels, const struct dr_gemm *g, size_t i, size_t j) {
    const ptrdiff_t lda = g->lda;
    const size_t panel = g->taps * g->depth * DR_PANEL;
    const float *b = g->b + j / DR_PANEL * panel;
    __m512 sum[24];

    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int p = 0; p < panels; p++)
        sum[r * panels + p] = _mm512_setzero_ps();

    for (size_t t = 0; t < g->taps; t++) {
        const float *a = g->a + (ptrdiff_t)i * lda + (ptrdiff_t)t * g->tap_stride;
        for (size_t k = 0; k < g->depth; k++, a++, b += DR_PANEL) {
            __m512 w[4];
            UNROLL
            for (int p = 0; p < panels; p++)
                w[p] = _mm512_loadu_ps(b + (size_t)p * panel);
            UNROLL
            for (int r = 0; r < rows; r++) {
                const __m512 x = _mm512_set1_ps(a[r * lda]);
                UNROLL
                for (int p = 0; p < panels; p++)
                    sum[r * panels + p] = _mm512_fmadd_ps(x, w[p], sum[r * panels + p]);
            }
        }
    }

    const __m512 slope = _mm512_set1_ps(dr_activation_slope(g->act));
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int p = 0; p < panels; p++) {
        const size_t column = j + (size_t)p * DR_PANEL, left = g->n - column;
        const __mmask16 mask = left >= DR_PANEL ? 0xffff : (__mmask16)((1u << left) - 1);
        finish(g, i + (size_t)r, column, mask, sum[r * panels + p], slope);
    }
}

#define TILE(rows, panels)                                                            \
    static void tile_##rows##x##panels(const struct dr_gemm *g, size_t i, size_t j) { \
        tile(rows, panels, g, i, j);                                                  \
    }
#define TILES(X) \
    X(6, 4)      \
    X(4, 4)      \
    X(2, 4)      \
    X(1, 4)      \
    X(8, 3)      \
    X(4, 3) X(2, 3) X(1, 3) X(12, 2) X(6, 2) X(3, 2) X(1, 2) X(14, 1) X(7, 1) X(3, 1) X(1, 1)
TILES(TILE)

#define NUM_SIZES 4
static const struct {
    size_t rows;
    void (*run)(const struct dr_gemm *g, size_t i, size_t j);
} tiles[][NUM_SIZES] = {
    {{14, tile_14x1}, {7, tile_7x1}, {3, tile_3x1}, {1, tile_1x1}},
    {{12, tile_12x2}, {6, tile_6x2}, {3, tile_3x2}, {1, tile_1x2}},
    {{8, tile_8x3}, {4, tile_4x3}, {2, tile_2x3}, {1, tile_1x3}},
    {{6, tile_6x4}, {4, tile_4x4}, {2, tile_2x4}, {1, tile_1x4}},
};

/* Rows that pass all panels before the next ones do: their part of a and c stays in the L2 cache
 * and its pages in the TLB. Whole tiles of every height but 7 and 3. */
#define ROWS_AT_ONCE 168

/* Rows begin..end of a group of panels, the highest tiles first. */
static void run_group(const struct dr_gemm *g, size_t i, size_t end, size_t j, size_t group) {
    for (size_t s = 0; s < NUM_SIZES; s++)
        for (; end - i >= tiles[group - 1][s].rows; i += tiles[group - 1][s].rows)
            tiles[group - 1][s].run(g, i, j);
}

void dr_gemm_avx512(const struct dr_gemm *g) {
    for (size_t i = 0; i < g->m; i += ROWS_AT_ONCE) {
        const size_t end = g->m - i < ROWS_AT_ONCE ? g->m : i + ROWS_AT_ONCE;
        size_t panels = (g->n + DR_PANEL - 1) / DR_PANEL, group;
        for (size_t j = 0; j < g->n; j += group * DR_PANEL, panels -= group) {
            /* 5 are better done as 3 and 2 than as 4 and 1. */
            group = panels == 5 ? 3 : panels < 4 ? panels : 4;
            run_group(g, i, end, j, group);
        }
    }
}
