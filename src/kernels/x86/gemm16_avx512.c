/* gemm16_avx512.c - matrix product of 16-bit integers with taps and scales: AVX-512 with VNNI.
 * SPDX-License-Identifier: MIT
 * Tiles as in gemm_avx512.c, with a pair of activations in place of each: it is broadcast,
 * multiplied with a pair of weights of each column, and both products are added, all at once. */
#include "kernels/unroll.h"
#include "kernels/x86/vector_avx512.h"
#include "kernels/x86/x86.h"

#define MAX_SUMS 24

/* What all rows of a panel share. */
struct columns {
    size_t j;
    __mmask16 mask; /* those that exist */
    __m512 scale, bias, slope;
};

INLINE struct columns columns_at(const struct dr_gemm16 *g, size_t j) {
    const size_t left = g->n - j;
    const struct columns by = {
        .j = j,
        .mask = left >= DR_PANEL ? 0xffff : (__mmask16)((1u << left) - 1),
        .scale = _mm512_mul_ps(_mm512_set1_ps(g->scale), _mm512_loadu_ps(g->column_scale + j)),
        .bias = g->bias ? _mm512_loadu_ps(g->bias + j) : _mm512_setzero_ps(),
        .slope = _mm512_set1_ps(dr_activation_slope(g->act)),
    };
    return by;
}

/* c = act(total * scales + bias + residual) of one row. */
INLINE void finish(const struct dr_gemm16 *g, size_t i, const struct columns *by, __m512 total) {
    if (g->row_scale)
        total = _mm512_mul_ps(total, _mm512_set1_ps(g->row_scale[i]));
    __m512 v = _mm512_fmadd_ps(total, by->scale, by->bias);
    if (g->residual)
        v = _mm512_add_ps(
            v, _mm512_maskz_loadu_ps(by->mask, g->residual + (ptrdiff_t)i * g->ldr + by->j));
    v = _mm512_max_ps(_mm512_mul_ps(v, by->slope), v);
    _mm512_mask_storeu_ps(g->c + (ptrdiff_t)i * g->ldc + by->j, by->mask, v);
}

/* sum[rows][panels] += the products of one tap */
INLINE void add_tap(const int rows, const int panels, lanes *sum, const int16_t *a, ptrdiff_t lda,
                    const int16_t *b, size_t panel, size_t depth) {
    for (size_t k = 0; k < depth; k += 2, a += 2, b += 2 * DR_PANEL) {
        lanes w[4];
        UNROLL
        for (int p = 0; p < panels; p++)
            w[p] = lanes_load(b + (size_t)p * panel);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const lanes x = lanes_pair(a + r * lda);
            UNROLL
            for (int p = 0; p < panels; p++)
                sum[r * panels + p] = lanes_multiply_add(x, w[p], sum[r * panels + p]);
        }
    }
}

INLINE void tile(const int rows, const int panels, const struct dr_gemm16 *g, size_t i, size_t j) {
    const size_t panel = g->taps * g->depth * DR_PANEL;
    const int16_t *b = g->b + j / DR_PANEL * panel;
    const int16_t *a = g->a + (ptrdiff_t)i * g->lda;
    __m512 total[MAX_SUMS];
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int p = 0; p < panels; p++)
        total[r * panels + p] = _mm512_setzero_ps();
    for (size_t t = 0; t < g->taps; t += g->exact_taps) {
        lanes sum[MAX_SUMS];
        UNROLL
        for (int r = 0; r < rows; r++)
            UNROLL
        for (int p = 0; p < panels; p++)
            sum[r * panels + p] = lanes_zero();
        for (size_t e = 0; e < g->exact_taps; e++, a += g->tap_stride, b += g->depth * DR_PANEL)
            add_tap(rows, panels, sum, a, g->lda, b, panel, g->depth);
        UNROLL
        for (int r = 0; r < rows; r++)
            UNROLL
        for (int p = 0; p < panels; p++)
            total[r * panels + p] =
                _mm512_add_ps(total[r * panels + p], lanes_to_vec(sum[r * panels + p]));
    }

    UNROLL
    for (int p = 0; p < panels; p++) {
        const struct columns by = columns_at(g, j + (size_t)p * DR_PANEL);
        UNROLL
        for (int r = 0; r < rows; r++)
            finish(g, i + (size_t)r, &by, total[r * panels + p]);
    }
}

#define TILE(rows, panels)                                                              \
    static void tile_##rows##x##panels(const struct dr_gemm16 *g, size_t i, size_t j) { \
        tile(rows, panels, g, i, j);                                                    \
    }
TILE(6, 4)
TILE(4, 4)
TILE(2, 4)
TILE(1, 4)
TILE(8, 3)
TILE(4, 3)
TILE(2, 3)
TILE(1, 3)
TILE(12, 2)
TILE(6, 2)
TILE(3, 2)
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
    {{12, tile_12x2}, {6, tile_6x2}, {3, tile_3x2}, {1, tile_1x2}},
    {{8, tile_8x3}, {4, tile_4x3}, {2, tile_2x3}, {1, tile_1x3}},
    {{6, tile_6x4}, {4, tile_4x4}, {2, tile_2x4}, {1, tile_1x4}},
};

/* Rows that pass all panels before the next ones do: their part of a and c stays in the L2 cache
 * and its pages in the TLB. Whole tiles of every height. */
#define ROWS_AT_ONCE 168

/* Rows begin..end of a group of panels, the highest tiles first. */
static void run_group(const struct dr_gemm16 *g, size_t i, size_t end, size_t j, size_t group) {
    for (size_t s = 0; s < NUM_SIZES; s++)
        for (; end - i >= tiles[group - 1][s].rows; i += tiles[group - 1][s].rows)
            tiles[group - 1][s].run(g, i, j);
}

void dr_gemm16_avx512(const struct dr_gemm16 *g) {
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
