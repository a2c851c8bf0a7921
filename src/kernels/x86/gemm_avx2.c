/* gemm_avx2.c - matrix product with taps, bias, residual and activation: AVX2 with FMA.
 * SPDX-License-Identifier: MIT
 * A tile of rows x 16 columns keeps its sums in registers over all of k: 6 rows are 12 of the 16,
 * which hides the latency of two units; where no more than 8 columns are left, 12 rows. A panel
 * stays in the cache while the rows stream past it.
 */
#include <immintrin.h>

#include "kernels/unroll.h"
#include "kernels/x86/x86.h"

#if !defined(__AVX2__) || !defined(__FMA__)
#error gemm_avx2.c is being compiled without AVX2 and FMA
#endif

#define WIDTH 8 /* columns of one register */

/* All ones in the first n lanes. */
INLINE __m256i first_lanes(size_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < WIDTH ? (int)n : WIDTH), lane);
}

/* What all rows of 8 columns from j on share. */
struct columns {
    size_t j;
    int whole;    /* all 8 exist */
    __m256i mask; /* those that do */
    __m256 bias, slope;
};

INLINE struct columns columns_at(const struct dr_gemm *g, size_t j) {
    const struct columns by = {
        .j = j,
        .whole = g->n - j >= WIDTH,
        .mask = first_lanes(g->n - j),
        .bias = g->bias ? _mm256_loadu_ps(g->bias + j) : _mm256_setzero_ps(),
        .slope = _mm256_set1_ps(dr_activation_slope(g->act)),
    };
    return by;
}

/* c = act(sum + bias + residual) of one row. */
INLINE void finish(const struct dr_gemm *g, size_t i, const struct columns *by, __m256 sum) {
    sum = _mm256_add_ps(sum, by->bias);
    if (g->residual)
        sum = _mm256_add_ps(
            sum, _mm256_maskload_ps(g->residual + (ptrdiff_t)i * g->ldr + by->j, by->mask));
    const __m256 v = _mm256_max_ps(_mm256_mul_ps(sum, by->slope), sum);
    float *c = g->c + (ptrdiff_t)i * g->ldc + by->j;
    if (by->whole)
        _mm256_storeu_ps(c, v);
    else
        _mm256_maskstore_ps(c, by->mask, v);
}

INLINE void tile(const int rows, const int halves, const struct dr_gemm *g, size_t i, size_t j) {
    const ptrdiff_t lda = g->lda;
    const float *b = g->b + j * g->taps * g->depth;
    __m256 sum[12];

    UNROLL
    for (int s = 0; s < rows * halves; s++)
        sum[s] = _mm256_setzero_ps();

    for (size_t t = 0; t < g->taps; t++) {
        const float *a = g->a + (ptrdiff_t)i * lda + (ptrdiff_t)t * g->tap_stride;
        for (size_t k = 0; k < g->depth; k++, a++, b += DR_PANEL) {
            __m256 w[2];
            UNROLL
            for (int half = 0; half < halves; half++)
                w[half] = _mm256_loadu_ps(b + half * WIDTH);
            UNROLL
            for (int r = 0; r < rows; r++) {
                const __m256 x = _mm256_broadcast_ss(a + r * lda);
                UNROLL
                for (int half = 0; half < halves; half++)
                    sum[r * halves + half] = _mm256_fmadd_ps(x, w[half], sum[r * halves + half]);
            }
        }
    }

    UNROLL
    for (int half = 0; half < halves; half++) {
        const struct columns by = columns_at(g, j + (size_t)half * WIDTH);
        UNROLL
        for (int r = 0; r < rows; r++)
            finish(g, i + (size_t)r, &by, sum[r * halves + half]);
    }
}

#define TILE(rows, halves)                                                            \
    static void tile_##rows##x##halves(const struct dr_gemm *g, size_t i, size_t j) { \
        tile(rows, halves, g, i, j);                                                  \
    }
TILE(6, 2)
TILE(3, 2)
TILE(2, 2)
TILE(1, 2)
TILE(12, 1)
TILE(6, 1)
TILE(3, 1)
TILE(1, 1)

#define NUM_SIZES 4
static const struct {
    size_t rows;
    void (*run)(const struct dr_gemm *g, size_t i, size_t j);
} tiles[][NUM_SIZES] = {
    {{12, tile_12x1}, {6, tile_6x1}, {3, tile_3x1}, {1, tile_1x1}},
    {{6, tile_6x2}, {3, tile_3x2}, {2, tile_2x2}, {1, tile_1x2}},
};

/* Rows that pass all panels before the next ones do: their part of a and c stays in the L2 cache
 * and its pages in the TLB. */
#define ROWS_AT_ONCE 168

void dr_gemm_avx2(const struct dr_gemm *g) {
    for (size_t i0 = 0; i0 < g->m; i0 += ROWS_AT_ONCE) {
        const size_t end = g->m - i0 < ROWS_AT_ONCE ? g->m : i0 + ROWS_AT_ONCE;
        for (size_t j = 0; j < g->n; j += DR_PANEL) {
            const size_t halves = g->n - j > WIDTH ? 2 : 1;
            size_t i = i0;
            for (size_t s = 0; s < NUM_SIZES; s++)
                for (; end - i >= tiles[halves - 1][s].rows; i += tiles[halves - 1][s].rows)
                    tiles[halves - 1][s].run(g, i, j);
        }
    }
}
