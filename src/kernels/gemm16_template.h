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

/* What a tile reads next. */
struct source {
    const int16_t *a, *b;
};

/* sum[rows][vecs] += the products of one tap */
INLINE void add_tap(const int rows, const int vecs, lanes *sum, const struct dr_gemm16 *g,
                    const struct source *from) {
    const size_t panel = g->taps * g->depth * DR_PANEL;
    const ptrdiff_t lda = g->lda;
    const int16_t *a = from->a, *b = from->b;
    IN_PAIRS
    for (size_t k = 0; k < g->depth; k += 2, a += 2, b += 2 * DR_PANEL) {
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

/* sum[rows][vecs]: the products of the next taps whose sums are exact */
INLINE void sum_taps(const int rows, const int vecs, lanes *sum, const struct dr_gemm16 *g,
                     struct source *from) {
    UNROLL
    for (int s = 0; s < rows * vecs; s++)
        sum[s] = lanes_zero();
    for (size_t e = 0; e < g->exact_taps; e++) {
        add_tap(rows, vecs, sum, g, from);
        from->a += g->tap_stride;
        from->b += g->depth * DR_PANEL;
    }
}

/* From totals to c. */
INLINE void finish(const int plain, const int rows, const int vecs, const struct dr_gemm16 *g,
                   size_t i, size_t j, const vec *total) {
    const struct target to = target_at(g, i);
    const float *row_scale = g->row_scale ? g->row_scale + i : NULL;
    UNROLL
    for (int v = 0; v < vecs; v++) {
        const struct columns by = columns_at(g, j + (size_t)v * LANES);
        const vec scale = vec_mul(vec_set(g->scale), vec_load(g->column_scale + by.j));
        UNROLL
        for (int r = 0; r < rows; r++) {
            vec sum = total[r * vecs + v];
            if (!plain && row_scale)
                sum = vec_mul(sum, vec_set(row_scale[r]));
            store_row(plain, &to, r, &by, vec_fma(sum, scale, by.bias));
        }
    }
}

/* All groups of taps: where there is one, its sums never leave their registers. */
INLINE void sum_groups(const int one, const int rows, const int vecs, const struct dr_gemm16 *g,
                       size_t i, size_t j) {
    struct source from = {g->a + (ptrdiff_t)i * g->lda,
                          g->b + j / DR_PANEL * (g->taps * g->depth * DR_PANEL)};
    lanes sum[MAX_SUMS];
    vec total[MAX_SUMS];
    sum_taps(rows, vecs, sum, g, &from);
    UNROLL
    for (int s = 0; s < rows * vecs; s++)
        total[s] = lanes_to_vec(sum[s]);
    for (size_t t = g->exact_taps; !one && t < g->taps; t += g->exact_taps) {
        sum_taps(rows, vecs, sum, g, &from);
        UNROLL
        for (int s = 0; s < rows * vecs; s++)
            total[s] = vec_add(total[s], lanes_to_vec(sum[s]));
    }
    if (is_plain(g, j + (size_t)vecs * LANES) && !g->row_scale)
        finish(1, rows, vecs, g, i, j, total);
    else
        finish(0, rows, vecs, g, i, j, total);
}

INLINE void tile(const int rows, const int vecs, const struct dr_gemm16 *g, size_t i, size_t j) {
    if (g->taps == g->exact_taps)
        sum_groups(1, rows, vecs, g, i, j);
    else
        sum_groups(0, rows, vecs, g, i, j);
}

#include "kernels/gemm_tiles_template.h"

void DR_BODY(gemm16, DR_ISA)(const struct dr_gemm16 *g) {
    run_tiles(g);
}
