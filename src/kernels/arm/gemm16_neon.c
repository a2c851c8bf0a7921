/* gemm16_neon.c - matrix product of 16-bit integers with taps and scales: NEON.
 * SPDX-License-Identifier: MIT
 * A tile of 3 rows x 16 columns, 12 sums in 24 of the 32 registers: a pair of activations is copied
 * into every lane and multiplied with a pair of weights of each column; the two products of a pair
 * are added at the end. */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"
#include "kernels/unroll.h"

#define QUARTERS (DR_PANEL / LANES)
#define MAX_ROWS 3

/* c = act(total * scales + bias + residual) of the at most 16 columns from j on of row i. */
static inline void finish(const struct dr_gemm16 *g, size_t i, size_t j, float total[DR_PANEL]) {
    const float slope = dr_activation_slope(g->act);
    const float row_scale = g->row_scale ? g->scale * g->row_scale[i] : g->scale;
    const size_t width = g->n - j < DR_PANEL ? g->n - j : DR_PANEL;
    const float *residual = g->residual ? g->residual + (ptrdiff_t)i * g->ldr + (ptrdiff_t)j : NULL;
    float *c = g->c + (ptrdiff_t)i * g->ldc + (ptrdiff_t)j;

    for (size_t q = 0; q < DR_PANEL; q += LANES) {
        const vec scale = vmulq_n_f32(vec_load(g->column_scale + j + q), row_scale);
        const vec bias = g->bias ? vec_load(g->bias + j + q) : vec_set(0.0f);
        vec_store(total + q, vec_fma(vec_load(total + q), scale, bias));
    }
    size_t q = 0;
    for (; q + LANES <= width; q += LANES) {
        vec v = vec_load(total + q);
        if (residual)
            v = vec_add(v, vec_load(residual + q));
        vec_store(c + q, vec_max(vmulq_n_f32(v, slope), v));
    }
    for (; q < width; q++) {
        const float v = residual ? total[q] + residual[q] : total[q], bent = slope * v;
        c[q] = bent > v ? bent : v;
    }
}

/* sum[rows][QUARTERS] += the products of one tap */
INLINE void add_tap(const int rows, lanes *sum, const int16_t *a, ptrdiff_t lda, const int16_t *b,
                    size_t depth) {
    for (size_t k = 0; k < depth; k += 2, a += 2, b += 2 * DR_PANEL) {
        pairs x[MAX_ROWS];
        UNROLL
        for (int r = 0; r < rows; r++)
            x[r] = lanes_pair(a + r * lda);
        UNROLL
        for (int q = 0; q < QUARTERS; q++) {
            const pairs w = lanes_load(b + q * 2 * LANES);
            UNROLL
            for (int r = 0; r < rows; r++)
                sum[r * QUARTERS + q] = lanes_multiply_add(x[r], w, sum[r * QUARTERS + q]);
        }
    }
}

INLINE void tile(const int rows, const struct dr_gemm16 *g, size_t i, size_t j) {
    const int16_t *b = g->b + j * g->taps * g->depth;
    const int16_t *a = g->a + (ptrdiff_t)i * g->lda;
    float totals[MAX_ROWS][DR_PANEL] = {{0}};

    for (size_t t = 0; t < g->taps; t += g->exact_taps) {
        lanes sum[MAX_ROWS * QUARTERS];
        UNROLL
        for (int s = 0; s < rows * QUARTERS; s++)
            sum[s] = lanes_zero();
        for (size_t e = 0; e < g->exact_taps; e++, a += g->tap_stride, b += g->depth * DR_PANEL)
            add_tap(rows, sum, a, g->lda, b, g->depth);
        UNROLL
        for (int s = 0; s < rows * QUARTERS; s++) {
            float *total = totals[s / QUARTERS] + s % QUARTERS * LANES;
            vec_store(total, vec_add(vec_load(total), lanes_to_vec(sum[s])));
        }
    }
    for (size_t r = 0; r < (size_t)rows; r++)
        finish(g, i + r, j, totals[r]);
}

#define TILE(rows)                                                           \
    static void tile_##rows(const struct dr_gemm16 *g, size_t i, size_t j) { \
        tile(rows, g, i, j);                                                 \
    }
TILE(1)
TILE(2)
TILE(3)

static void (*const tiles[])(const struct dr_gemm16 *g, size_t i, size_t j) = {NULL, tile_1, tile_2,
                                                                               tile_3};

/* Rows that pass all panels before the next ones do: their part of a and c stays in the L2 cache
 * and its pages in the TLB. */
#define ROWS_AT_ONCE 168

void dr_gemm16_neon(const struct dr_gemm16 *g) {
    for (size_t i0 = 0; i0 < g->m; i0 += ROWS_AT_ONCE) {
        const size_t end = g->m - i0 < ROWS_AT_ONCE ? g->m : i0 + ROWS_AT_ONCE;
        for (size_t j = 0; j < g->n; j += DR_PANEL)
            for (size_t i = i0, rows; i < end; i += rows) {
                rows = end - i < MAX_ROWS ? end - i : MAX_ROWS;
                tiles[rows](g, i, j);
            }
    }
}
