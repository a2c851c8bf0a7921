/* gemm_finish_template.h - the end of a tile of a matrix product, for any vector width.
 * SPDX-License-Identifier: MIT
 * Included by the templates of the products, which define GEMM, the struct that describes theirs,
 * in files that define vec and LANES (x86/vector_avx2.h and its like). No include guard. */
#include "kernels/bodies.h"
#include "kernels/unroll.h"

/* What all rows of LANES columns from j on share. */
struct columns {
    size_t j;
    int whole;      /* all of them exist, */
    vec_mask there; /* or only these */
    vec bias, slope;
};

INLINE struct columns columns_at(const GEMM *g, size_t j) {
    const size_t left = g->n > j ? g->n - j : 0;
    const struct columns by = {
        .j = j,
        .whole = left >= LANES,
        .there = vec_first(left),
        .bias = g->bias ? vec_load(g->bias + j) : vec_set(0.0f),
        .slope = vec_set(dr_activation_slope(g->act)),
    };
    return by;
}

/* c = act(v + residual) of one row, where v has its bias. */
INLINE void store_row(const GEMM *g, size_t i, const struct columns *by, vec v) {
    if (g->residual)
        v = vec_add(
            v, vec_load_masked(g->residual + (ptrdiff_t)i * g->ldr + (ptrdiff_t)by->j, by->there));
    v = vec_max(vec_mul(v, by->slope), v);
    float *c = g->c + (ptrdiff_t)i * g->ldc + (ptrdiff_t)by->j;
    if (by->whole)
        vec_store(c, v);
    else
        vec_store_masked(c, by->there, v);
}
