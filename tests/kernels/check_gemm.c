/* check_gemm.c - the matrix product against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "product_checks.h"

#define NMSE_BOUND 1e-12
#define NMSE_BOUND_FEW 1e-11 /* below 256 sums: one unlucky sum of 1024 terms is 3 times off */

/* A product with everything it reads and writes. */
struct product {
    struct dr_gemm g;
    struct output out;
    const float *b; /* plain [taps*depth][n] */
    enum data data;
    enum placement place;
};

static void make_weights(struct product *p) {
    struct dr_gemm *g = &p->g;
    const size_t k = g->taps * g->depth;
    p->b = random_floats(k * g->n, p->data, AT_END);
    float *packed = guarded_floats(k * DR_PADDED(g->n), p->place);
    dr_pack_panels(packed, p->b, (ptrdiff_t)g->n, 1, k, g->n);
    g->b = packed;
}

/* Strides by turns: packed, with a gap, overlapping. with: also as in make_output. */
static void make_product(struct product *p, unsigned with) {
    struct dr_gemm *g = &p->g;
    static const ptrdiff_t overlap = 2;
    g->lda = with % 3 == 0   ? (ptrdiff_t)g->depth
             : with % 3 == 1 ? (ptrdiff_t)g->depth + GAP
                             : overlap;
    g->tap_stride = with % 2 ? (ptrdiff_t)(g->depth + 1) : 2 * g->lda;
    make_output(&p->out, with, p->data, p->place);
    SET_OUTPUT(g, &p->out);
    const size_t row = (g->taps - 1) * (size_t)g->tap_stride + g->depth;
    g->a = random_floats(last_element(g->m, g->lda, row), p->data, p->place);
    make_weights(p);
}

static double dot(const void *product, size_t i, size_t j, double *power) {
    const struct product *p = product;
    const struct dr_gemm *g = &p->g;
    const float *a = g->a + (ptrdiff_t)i * g->lda;
    double total = 0.0;
    for (size_t t = 0; t < g->taps; t++)
        for (size_t d = 0; d < g->depth; d++) {
            const double term = (double)a[(ptrdiff_t)t * g->tap_stride + (ptrdiff_t)d] *
                                (double)p->b[(t * g->depth + d) * g->n + j];
            total += term;
            *power += term * term;
        }
    return total;
}

static void run_rows(const struct dr_kernels *k, const void *product, size_t first,
                     const struct output *output) {
    struct dr_gemm g = ((const struct product *)product)->g;
    g.a += (ptrdiff_t)first * g.lda;
    SET_OUTPUT(&g, output);
    k->gemm(&g);
}

static const struct product_kind kind = {dot, run_rows};

static void check_product(const struct check *t, const struct product *p) {
    const struct dr_gemm *g = &p->g;
    char what[80];
    snprintf(what, sizeof what, "taps %zu depth %zu lda %td data %d", g->taps, g->depth, g->lda,
             (int)p->data);
    check_output(t, &kind, p, &p->out, g->m * g->n < 256 ? NMSE_BOUND_FEW : NMSE_BOUND, what);
}

/* Calls for some rows, or for one panel, must give the same bits as one call. */
static void check_split(const struct check *t, size_t m, size_t n, size_t depth) {
    struct product p = {.g = {.taps = 2, .depth = depth},
                        .out = {.m = m, .n = n, .act = DR_LEAKY_RELU}};
    make_product(&p, 3);
    check_row_split(t, &kind, &p, &p.out);
    float *c = guarded_floats(last_element(m, p.out.ldc, n), AT_END);
    for (size_t j = 0; j < n; j += DR_PANEL) {
        struct dr_gemm part = p.g;
        part.b += j * 2 * depth;
        part.bias += j;
        part.residual += j;
        part.c = c + j;
        part.n = n - j < DR_PANEL ? n - j : DR_PANEL;
        t->k.gemm(&part);
    }
    expect(same_rows(&p.out, c, p.out.c), "m %zu n %zu depth %zu: other bits panel by panel", m, n,
           depth);
}

void check_gemm(const struct check *t) {
    static const size_t ms[] = {1, 2, 3, 5, 6, 7, 11, 13, 14, 29};
    static const size_t ns[] = {1, 7, 8, 15, 16, 17, 31, 32, 33, 48, 60, 64, 80, 81, 100, 128, 144};
    static const size_t depths[][2] = {{1, 1},  {1, 7},   {3, 5},   {1, 64},
                                       {3, 33}, {1, 251}, {1, 1024}};
    unsigned turn = 0;
    for (size_t a = 0; a < COUNT(ms); a++)
        for (size_t b = 0; b < COUNT(ns); b++)
            for (size_t c = 0; c < COUNT(depths); c++, turn++) {
                struct product p = {
                    .g = {.taps = depths[c][0], .depth = depths[c][1]},
                    .out = {.m = ms[a], .n = ns[b], .act = (enum dr_activation)(turn / 5 % 4)},
                    .data = (enum data)(turn % NUM_DATA),
                    .place = (enum placement)(turn % NUM_PLACEMENTS)};
                make_product(&p, turn % 8);
                check_product(t, &p);
                release_all();
            }
    static const size_t splits[][3] = {{43, 16, 50}, {29, 32, 9},   {29, 40, 21}, {31, 64, 100},
                                       {31, 80, 33}, {20, 139, 17}, {400, 80, 5}};
    for (size_t i = 0; i < COUNT(splits); i++) {
        check_split(t, splits[i][0], splits[i][1], splits[i][2]);
        release_all();
    }
}

static void run(void *call) {
    const struct bench_call *b = call;
    b->k->gemm(b->argument);
}

void bench_gemm(const struct check *t) {
    /* name, m, n, taps, depth, lda, tap_stride */
    static const struct {
        const char *name;
        size_t m, n, taps, depth;
        ptrdiff_t lda, tap_stride;
    } shapes[] = {
        {"sinc 15975x80, 251 by 10", 15975, 80, 1, 251, 10, 0},
        {"conv 5321x60, 5 x 80", 5321, 60, 1, 400, 80, 0},
        {"conv 1770x60, 5 x 60", 1770, 60, 1, 300, 60, 0},
        {"LSTM input 3534x1024, 60", 3534, 1024, 1, 60, 60, 0},
        {"LSTM input 3534x1024, 256", 3534, 1024, 1, 256, 256, 0},
        {"LSTM input 96x1024, 256", 96, 1024, 1, 256, 256, 0},
        {"linear 3534x128, 256", 3534, 128, 1, 256, 256, 0},
        {"linear 3534x7, 128", 3534, 7, 1, 128, 128, 0},
        {"3x3 300x32, 3 taps x 96", 300, 32, 3, 96, 32, 32 * 302},
        {"TDNN 150x128, 5 x 320, step 2", 150, 128, 1, 1600, 640, 0},
        {"1x1 150x128, 512", 150, 128, 1, 512, 1024, 0},
        {"1x1 150x128, 992", 150, 128, 1, 992, 1024, 0},
        {"dilated 150x32, 3 taps x 128", 150, 32, 3, 128, 128, 256},
        {"transition 150x512, 1024", 150, 512, 1, 1024, 1024, 0},
    };
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct product p = {.g = {.m = shapes[i].m,
                                  .n = shapes[i].n,
                                  .taps = shapes[i].taps,
                                  .depth = shapes[i].depth,
                                  .lda = shapes[i].lda,
                                  .tap_stride = shapes[i].tap_stride,
                                  .ldc = (ptrdiff_t)shapes[i].n,
                                  .act = DR_RELU},
                            .place = AT_START};
        struct dr_gemm *g = &p.g;
        const size_t taps = (g->taps - 1) * (size_t)g->tap_stride;
        g->a = random_floats(last_element(g->m, g->lda, taps + g->depth), UNIFORM, AT_START);
        g->bias = random_floats(DR_PADDED(g->n), UNIFORM, AT_START);
        g->c = guarded_floats(g->m * g->n, AT_START);
        make_weights(&p);
        bench_row(t, "gemm", shapes[i].name,
                  2.0 * (double)(g->m * g->n) * (double)(g->taps * g->depth), run, g);
        release_all();
    }
}
