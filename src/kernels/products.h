/* products.h - what the matrix products of the portable bodies are made of.
 * SPDX-License-Identifier: MIT
 * Vectors of the compiler, of 4 floats: it makes them instructions that every processor of the
 * architecture has, or scalars. Sums in plain arrays, gcc 12 keeps in memory, at half the speed. */
#ifndef DR_KERNELS_PRODUCTS_H
#define DR_KERNELS_PRODUCTS_H

#include <string.h>

#include "kernels/kernels.h"
#include "kernels/unroll.h"

#define QUADS (DR_PANEL / 4)
#define MAX_ROWS 2 /* 8 sums: what 16 registers hold besides inputs, weights and products */

typedef float quad __attribute__((vector_size(16)));
typedef float quad_anywhere __attribute__((vector_size(16), aligned(4), may_alias));

/* sum[r][j] += sum over k < depth, in order, of a[r*lda + k] * b[k*ldb + j], 0 <= j < 16. */
INLINE void add_products(const int rows, float sum[MAX_ROWS][DR_PANEL], const float *a,
                         ptrdiff_t lda, const float *b, size_t ldb, size_t depth) {
    quad s[MAX_ROWS][QUADS];
    memcpy(s, sum, sizeof s);
    for (size_t k = 0; k < depth; k++, a++, b += ldb)
        UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int q = 0; q < QUADS; q++)
        s[r][q] += a[r * lda] * *(const quad_anywhere *)(b + 4 * q);
    memcpy(sum, s, sizeof s);
}

#endif
