/* gemm_finish_template.h - the end of a tile of a matrix product, for any vector width.
 * SPDX-License-Identifier: MIT
 * Included by the templates of the products, which define GEMM, the struct that describes theirs,
 * in files that define vec and LANES (x86/vector_avx2.h and its like). Short products end as often
 * as they multiply: so what a tile needs of GEMM is copied once, which a compiler that sees vectors
 * stored does not dare, and what only some products need is asked once a tile. No include guard. */
#include "kernels/bodies.h"
#include "kernels/unroll.h"

/* Where the rows of a tile go, and by way of what. */
struct target {
    float *c;
    ptrdiff_t ldc;
    const float *residual; /* or NULL */
    ptrdiff_t ldr;
    vec slope;
};

INLINE struct target target_at(const GEMM *g, size_t i) {
    const struct target to = {
        .c = g->c + (ptrdiff_t)i * g->ldc,
        .ldc = g->ldc,
        .residual = g->residual ? g->residual + (ptrdiff_t)i * g->ldr : NULL,
        .ldr = g->ldr,
        .slope = vec_set(dr_activation_slope(g->act)),
    };
    return to;
}

/* All columns of a tile that ends with column `end` exist, and sums with their bias are what is
 * stored. */
INLINE int is_plain(const GEMM *g, size_t end) {
    return end <= g->n && !g->residual && g->act == DR_LINEAR;
}

/* What all rows of LANES columns from j on share. */
struct columns {
    size_t j;
    int whole;      /* all of them exist, */
    vec_mask there; /* or only these */
    vec bias;
};

INLINE struct columns columns_at(const GEMM *g, size_t j) {
    const size_t left = g->n > j ? g->n - j : 0;
    const struct columns by = {
        .j = j,
        .whole = left >= LANES,
        .there = vec_first(left),
        .bias = g->bias ? vec_load(g->bias + j) : vec_set(0.0f),
    };
    return by;
}

/* c = act(v + residual) of row r of a tile, where v has its bias. */
INLINE void store_row(const int plain, const struct target *to, int r, const struct columns *by,
                      vec v) {
    float *c = to->c + r * to->ldc + (ptrdiff_t)by->j;
    if (plain) {
        vec_store(c, v);
        return;
    }
    if (to->residual)
        v = vec_add(v, vec_load_masked(to->residual + r * to->ldr + (ptrdiff_t)by->j, by->there));
    v = vec_max(vec_mul(v, to->slope), v);
    if (by->whole)
        vec_store(c, v);
    else
        vec_store_masked(c, by->there, v);
}
