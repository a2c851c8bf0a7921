/* gemm16_avx2.c - matrix product of 16-bit integers with taps and scales: AVX2.
 * SPDX-License-Identifier: MIT
 * A tile of 6 rows x 16 columns, 12 of the 16 registers: a pair of activations is broadcast,
 * multiplied with a pair of weights of each column, and the two products are added at once. */
#include "kernels/unroll.h"
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/x86.h"

#define WIDTH LANES

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
    __m256 scale, bias, slope;
};

INLINE struct columns columns_at(const struct dr_gemm16 *g, size_t j) {
    const struct columns by = {
        .j = j,
        .whole = g->n - j >= WIDTH,
        .mask = first_lanes(g->n - j),
        .scale = _mm256_mul_ps(_mm256_set1_ps(g->scale), _mm256_loadu_ps(g->column_scale + j)),
        .bias = g->bias ? _mm256_loadu_ps(g->bias + j) : _mm256_setzero_ps(),
        .slope = _mm256_set1_ps(dr_activation_slope(g->act)),
    };
    return by;
}

/* c = act(total * scales + bias + residual) of one row. */
INLINE void finish(const struct dr_gemm16 *g, size_t i, const struct columns *by, __m256 total) {
    if (g->row_scale)
        total = _mm256_mul_ps(total, _mm256_broadcast_ss(g->row_scale + i));
    __m256 v = _mm256_fmadd_ps(total, by->scale, by->bias);
    if (g->residual)
        v = _mm256_add_ps(
            v, _mm256_maskload_ps(g->residual + (ptrdiff_t)i * g->ldr + by->j, by->mask));
    v = _mm256_max_ps(_mm256_mul_ps(v, by->slope), v);
    float *c = g->c + (ptrdiff_t)i * g->ldc + by->j;
    if (by->whole)
        _mm256_storeu_ps(c, v);
    else
        _mm256_maskstore_ps(c, by->mask, v);
}

/* sum[rows][halves] += the products of one tap */
INLINE void add_tap(const int rows, const int halves, lanes *sum, const int16_t *a, ptrdiff_t lda,
                    const int16_t *b, size_t depth) {
    for (size_t k = 0; k < depth; k += 2, a += 2, b += 2 * DR_PANEL) {
        lanes w[2];
        UNROLL
        for (int half = 0; half < halves; half++)
            w[half] = lanes_load(b + half * 2 * WIDTH);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const lanes x = lanes_pair(a + r * lda);
            UNROLL
            for (int half = 0; half < halves; half++)
                sum[r * halves + half] = lanes_multiply_add(x, w[half], sum[r * halves + half]);
        }
    }
}

INLINE void tile(const int rows, const int halves, const struct dr_gemm16 *g, size_t i, size_t j) {
    const int16_t *b = g->b + j * g->taps * g->depth;
    const int16_t *a = g->a + (ptrdiff_t)i * g->lda;
    __m256 total[12];
    UNROLL
    for (int s = 0; s < rows * halves; s++)
        total[s] = _mm256_setzero_ps();
    for (size_t t = 0; t < g->taps; t += g->exact_taps) {
        lanes sum[12];
        UNROLL
        for (int s = 0; s < rows * halves; s++)
            sum[s] = lanes_zero();
        for (size_t e = 0; e < g->exact_taps; e++, a += g->tap_stride, b += g->depth * DR_PANEL)
            add_tap(rows, halves, sum, a, g->lda, b, g->depth);
        UNROLL
        for (int s = 0; s < rows * halves; s++)
            total[s] = _mm256_add_ps(total[s], lanes_to_vec(sum[s]));
    }

    UNROLL
    for (int half = 0; half < halves; half++) {
        const struct columns by = columns_at(g, j + (size_t)half * WIDTH);
        UNROLL
        for (int r = 0; r < rows; r++)
            finish(g, i + (size_t)r, &by, total[r * halves + half]);
    }
}

#define TILE(rows, halves)                                                              \
    static void tile_##rows##x##halves(const struct dr_gemm16 *g, size_t i, size_t j) { \
        tile(rows, halves, g, i, j);                                                    \
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
    void (*run)(const struct dr_gemm16 *g, size_t i, size_t j);
} tiles[][NUM_SIZES] = {
    {{12, tile_12x1}, {6, tile_6x1}, {3, tile_3x1}, {1, tile_1x1}},
    {{6, tile_6x2}, {3, tile_3x2}, {2, tile_2x2}, {1, tile_1x2}},
};

/* Rows that pass all panels before the next ones do: their part of a and c stays in the L2 cache
 * and its pages in the TLB. Whole tiles of every height. */
#define ROWS_AT_ONCE 168

/* A part of the panel after this one, while this one is in use: `bytes` from `offset` on. */
INLINE void prefetch(const char *panel, size_t offset, size_t bytes) {
    for (size_t at = offset; at < offset + bytes; at += 64)
        _mm_prefetch(panel + at, _MM_HINT_T0);
}

void dr_gemm16_avx2(const struct dr_gemm16 *g) {
    const size_t panel = g->taps * g->depth * DR_PANEL;
    for (size_t i0 = 0; i0 < g->m; i0 += ROWS_AT_ONCE) {
        const size_t end = g->m - i0 < ROWS_AT_ONCE ? g->m : i0 + ROWS_AT_ONCE;
        for (size_t j = 0; j < g->n; j += DR_PANEL) {
            const size_t halves = g->n - j > WIDTH ? 2 : 1;
            const char *next = (const char *)(g->b + (j / DR_PANEL + 1) * panel);
            const size_t part =
                j + DR_PANEL < g->n ? panel * sizeof *g->b / ((end - i0) / 6 + 1) : 0;
            size_t i = i0, offset = 0;
            for (size_t s = 0; s < NUM_SIZES; s++)
                for (; end - i >= tiles[halves - 1][s].rows; i += tiles[halves - 1][s].rows) {
                    if (offset + part <= panel * sizeof *g->b)
                        prefetch(next, offset, part);
                    offset += part;
                    tiles[halves - 1][s].run(g, i, j);
                }
        }
    }
}
