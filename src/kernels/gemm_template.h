/* gemm_template.h - matrix product of floats with taps, bias, residual and activation, for any
 * vector width.
 * SPDX-License-Identifier: MIT
 * A tile of rows x vectors of columns keeps its sums in registers over all of k: as many as hide
 * the latency of the multiplying units. Its panels stay in the cache while the rows stream past.
 * Included once by each instruction set's file, which defines DR_ISA and, in vector_*.h,
 *   vec, vec_mask, LANES          and what gemm_finish_template.h takes of them
 *   vec_input, vec_input_load(p)  the float at p as vec_fma_input multiplies it
 *   vec_fma_input(x, w, sum)      sum + x * w
 *   MAX_SUMS, MAX_VECS            vectors of sums and of columns in the largest tile
 *   TILES, GROUP                  see gemm_tiles_template.h
 * No include guard: one file includes this once. */

#define GEMM struct dr_gemm
#include "kernels/gemm_finish_template.h"

INLINE void finish(const int plain, const int rows, const int vecs, const struct dr_gemm *g,
                   size_t i, size_t j, const vec *sum) {
    const struct target to = target_at(g, i);
    UNROLL
    for (int v = 0; v < vecs; v++) {
        const struct columns by = columns_at(g, j + (size_t)v * LANES);
        UNROLL
        for (int r = 0; r < rows; r++)
            store_row(plain, &to, r, &by, vec_add(sum[r * vecs + v], by.bias));
    }
}

/* sum[rows][vecs] += the products of one tap */
INLINE void add_tap(const int rows, const int vecs, vec *sum, const struct dr_gemm *g,
                    const float *a, const float *b) {
    const size_t panel = g->taps * g->depth * DR_PANEL;
    const ptrdiff_t lda = g->lda;
    const float *const end = b + g->depth * DR_PANEL;
    for (; b < end; a++, b += DR_PANEL) {
        vec w[MAX_VECS];
        UNROLL
        for (int v = 0; v < vecs; v++)
            w[v] = vec_load(b + v * LANES / DR_PANEL * panel + v * LANES % DR_PANEL);
        UNROLL
        for (int r = 0; r < rows; r++) {
            const vec_input x = vec_input_load(a + r * lda);
            UNROLL
            for (int v = 0; v < vecs; v++)
                sum[r * vecs + v] = vec_fma_input(x, w[v], sum[r * vecs + v]);
        }
    }
}

INLINE void tile(const int rows, const int vecs, const struct dr_gemm *g, size_t i, size_t j) {
    const float *a = g->a + (ptrdiff_t)i * g->lda;
    const float *b = g->b + j / DR_PANEL * (g->taps * g->depth * DR_PANEL);
    vec sum[MAX_SUMS];
    UNROLL
    for (int s = 0; s < rows * vecs; s++)
        sum[s] = vec_set(0.0f);
    for (size_t t = 0; t < g->taps; t++, a += g->tap_stride, b += g->depth * DR_PANEL)
        add_tap(rows, vecs, sum, g, a, b);
    if (is_plain(g, j + (size_t)vecs * LANES))
        finish(1, rows, vecs, g, i, j, sum);
    else
        finish(0, rows, vecs, g, i, j, sum);
}

#include "kernels/gemm_tiles_template.h"

void DR_BODY(gemm, DR_ISA)(const struct dr_gemm *g) {
    run_tiles(g);
}
