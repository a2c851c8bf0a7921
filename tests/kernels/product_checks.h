/* product_checks.h - what every matrix product has to keep, whatever its numbers are.
 * SPDX-License-Identifier: MIT
 *
 * c[i][j] = act(a[i] . b[j] + bias[j] + residual[i][j]). A kind of product (check_gemm.c,
 * check_gemm16.c) says in double what its dot products are, and runs some of its rows; that c is
 * the formula's, that nothing else is written, and that calls may be split, is checked here for all
 * kinds. */
#ifndef TESTS_KERNELS_PRODUCT_CHECKS_H
#define TESTS_KERNELS_PRODUCT_CHECKS_H

#include "checkkern.h"

/* Where dot products go, and what is added to them. */
struct output {
    size_t m, n;
    enum dr_activation act;
    float *c;
    ptrdiff_t ldc;
    const float *bias;     /* [DR_PADDED(n)] or NULL */
    const float *residual; /* [m][ldr] or NULL */
    ptrdiff_t ldr;
};

/* The same fields of any struct dr_gemm*. */
#define SET_OUTPUT(g, output)                                                                    \
    ((g)->m = (output)->m, (g)->n = (output)->n, (g)->act = (output)->act, (g)->c = (output)->c, \
     (g)->ldc = (output)->ldc, (g)->bias = (output)->bias, (g)->residual = (output)->residual,   \
     (g)->ldr = (output)->ldr)

struct product_kind {
    /* Element [i][j] before anything is added; the squares of its terms are added to *power. */
    double (*dot)(const void *product, size_t i, size_t j, double *power);
    /* Runs the rows from `first` on into output, which is that of these rows alone. */
    void (*run)(const struct dr_kernels *k, const void *product, size_t first,
                const struct output *output);
};

/* Fills in memory and strides for output->m and n. with: bit 0 bias, 1 residual, 2 in place. */
void make_output(struct output *output, unsigned with, enum data data, enum placement place);

/* The formula, to an NMSE of bound, and that it does not write between rows. what: for messages. */
void check_output(const struct check *t, const struct product_kind *kind, const void *product,
                  const struct output *output, double bound, const char *what);

/* Rows split between calls must give the same bits as one call. */
void check_row_split(const struct check *t, const struct product_kind *kind, const void *product,
                     const struct output *output);

/* Whether both hold the same bits, but for what is between the rows. */
bool same_rows(const struct output *output, const float *a, const float *b);

#endif
