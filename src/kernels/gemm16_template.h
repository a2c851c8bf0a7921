/* gemm16_template.h - matrix product of 16-bit integers with taps and scales, for any vector width.
 * SPDX-License-Identifier: MIT
 * Tiles as in gemm_template.h, with a pair of activations in place of each: it is copied into every
 * lane and multiplied with a pair of weights of each column, and the two products are added.
 * Included once by each instruction set's file, which defines DR_ISA and, in vector_*.h, besides
 * what gemm_template.h asks for,
 *   lanes, pairs                  as many int32, sums; and as many pairs of int16
 *   lanes_zero(), lanes_load(p), lanes_pair(p): the pair of int16 at p in every lane
 *   lanes_multiply_add(x, w, sum) sum + both products of each lane's pairs in x and w
 *   lanes_to_vec(v)               as float
 * No include guard: one file includes this once. */

#define GEMM struct dr_gemm16
#include "kernels/gemm_finish_template.h"

/* sum[rows][vecs] += the products of one tap */
INLINE void add_tap(const int rows, const int vecs, lanes *sum, const int16_t *a, ptrdiff_t lda,
                    const int16_t *b, size_t panel, size_t depth) {
    for (size_t k = 0; k < depth; k += 2, a += 2, b += 2 * DR_PANEL) {
        pairs w[MAX_VECS];
        UNROLL
        for (int v = 0; v < vecs; v++)
            w[v] = lanes_load(b + v * LANES / DR_PANEL * panel + v * LANES % DR_PANEL * 2);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const pairs x = lanes_pair(a + r * lda);
            UNROLL
            for (int v = 0; v < vecs; v++)
                sum[r * vecs + v] = lanes_multiply_add(x, w[v], sum[r * vecs + v]);
        }
    }
}

/* Rows of LANES columns from j on: from totals, `vecs` apart, to c. */
INLINE void finish(const int rows, const int vecs, const struct dr_gemm16 *g, size_t i, size_t j,
                   const vec *total) {
    const struct columns by = columns_at(g, j);
    const vec scale = vec_mul(vec_set(g->scale), vec_load(g->column_scale + j));
    UNROLL
    for (int r = 0; r < rows; r++) {
        vec v = total[r * vecs];
        if (g->row_scale)
            v = vec_mul(v, vec_set(g->row_scale[i + (size_t)r]));
        store_row(g, i + (size_t)r, &by, vec_fma(v, scale, by.bias));
    }
}

INLINE void tile(const int rows, const int vecs, const struct dr_gemm16 *g, size_t i, size_t j) {
    const size_t panel = g->taps * g->depth * DR_PANEL;
    const int16_t *b = g->b + j / DR_PANEL * panel;
    const int16_t *a = g->a + (ptrdiff_t)i * g->lda;
    vec total[MAX_SUMS];
    UNROLL
    for (int s = 0; s < rows * vecs; s++)
        total[s] = vec_set(0.0f);
    for (size_t t = 0; t < g->taps; t += g->exact_taps) {
        lanes sum[MAX_SUMS];
        UNROLL
        for (int s = 0; s < rows * vecs; s++)
            sum[s] = lanes_zero();
        for (size_t e = 0; e < g->exact_taps; e++, a += g->tap_stride, b += g->depth * DR_PANEL)
            add_tap(rows, vecs, sum, a, g->lda, b, panel, g->depth);
        UNROLL
        for (int s = 0; s < rows * vecs; s++)
            total[s] = vec_add(total[s], lanes_to_vec(sum[s]));
    }
    UNROLL
    for (int v = 0; v < vecs; v++)
        finish(rows, vecs, g, i, j + (size_t)v * LANES, total + v);
}

#include "kernels/gemm_tiles_template.h"

void DR_BODY(gemm16, DR_ISA)(const struct dr_gemm16 *g) {
    run_tiles(g);
}
