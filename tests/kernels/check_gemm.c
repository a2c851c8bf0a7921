/* check_gemm.c - the matrix product against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkkern.h"

#define NMSE_BOUND 1e-12
#define NMSE_BOUND_FEW 1e-11 /* below 256 sums: one unlucky sum of 1024 terms is 3 times off */
#define GAP 3                /* unused floats at the end of a row; must stay as they are */
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* A product with everything it reads and writes. */
struct product {
    struct dr_gemm g;
    const float *b; /* plain [taps*depth][n] */
    enum data data;
    enum placement place;
};

static size_t last_element(size_t rows, ptrdiff_t stride, size_t width) {
    return (rows - 1) * (size_t)stride + width;
}

static void make_weights(struct product *p) {
    struct dr_gemm *g = &p->g;
    const size_t k = g->taps * g->depth;
    p->b = random_floats(k * g->n, p->data, AT_END);
    float *packed = guarded_floats(k * DR_PADDED(g->n), p->place);
    dr_pack_panels(packed, p->b, (ptrdiff_t)g->n, 1, k, g->n);
    g->b = packed;
}

/* Strides by turns: packed, with a gap, overlapping. with: bit 0 bias, 1 residual, 2 in place. */
static void make_product(struct product *p, unsigned with) {
    struct dr_gemm *g = &p->g;
    static const ptrdiff_t overlap = 2;
    g->lda = with % 3 == 0   ? (ptrdiff_t)g->depth
             : with % 3 == 1 ? (ptrdiff_t)g->depth + GAP
                             : overlap;
    g->tap_stride = with % 2 ? (ptrdiff_t)(g->depth + 1) : 2 * g->lda;
    g->ldc = (ptrdiff_t)g->n + GAP;
    g->ldr = with & 4 ? g->ldc : (ptrdiff_t)g->n;
    const size_t size_a =
        last_element(g->m, g->lda, (g->taps - 1) * (size_t)g->tap_stride + g->depth);
    g->a = random_floats(size_a, p->data, p->place);
    make_weights(p);
    if (with & 1)
        g->bias = random_floats(DR_PADDED(g->n), p->data, p->place);
    g->c = random_floats(last_element(g->m, g->ldc, g->n), UNIFORM, p->place);
    if (with & 2)
        g->residual =
            with & 4 ? g->c : random_floats(last_element(g->m, g->ldr, g->n), p->data, p->place);
}

static double activate(double v, enum dr_activation act) {
    switch (act) {
    case DR_RELU:
        return fmax(v, 0.0);
    case DR_LEAKY_RELU:
        return v > 0.0 ? v : 0.01 * v;
    case DR_ABS:
        return fabs(v);
    default:
        return v;
    }
}

/* Adds the error of c[i][j]. The power is that of the terms: sums that happen to cancel to nothing
 * would otherwise be held to more digits than a float has. */
static void add_error(struct nmse *e, const struct product *p, const float *residual, size_t i,
                      size_t j) {
    const struct dr_gemm *g = &p->g;
    const float *a = g->a + (ptrdiff_t)i * g->lda;
    double sum = g->bias ? g->bias[j] : 0.0;
    e->power += sum * sum;
    if (residual) {
        const double r = residual[(ptrdiff_t)i * g->ldr + (ptrdiff_t)j];
        sum += r;
        e->power += r * r;
    }
    for (size_t t = 0; t < g->taps; t++)
        for (size_t d = 0; d < g->depth; d++) {
            const double product = (double)a[(ptrdiff_t)t * g->tap_stride + (ptrdiff_t)d] *
                                   p->b[(t * g->depth + d) * g->n + j];
            sum += product;
            e->power += product * product;
        }
    const double error = g->c[(ptrdiff_t)i * g->ldc + (ptrdiff_t)j] - activate(sum, g->act);
    e->error += error * error;
}

static void check_product(const struct check *t, const struct product *p) {
    const struct dr_gemm *g = &p->g;
    const size_t size_c = last_element(g->m, g->ldc, g->n);
    const float *before = copy_floats(g->c, size_c, AT_END);
    const float *residual = g->residual == g->c ? before : g->residual;
    const double bound = g->m * g->n < 256 ? NMSE_BOUND_FEW : NMSE_BOUND;
    struct nmse e = {0, 0};

    t->k.gemm(g);
    for (size_t i = 0; i < g->m; i++)
        for (size_t j = 0; j < g->n; j++)
            add_error(&e, p, residual, i, j);
    expect(nmse_below(&e, bound),
           "m %zu n %zu taps %zu depth %zu lda %td data %d: NMSE %.2g above %.0g", g->m, g->n,
           g->taps, g->depth, g->lda, (int)p->data, e.error / e.power, bound);

    bool gaps_kept = true;
    for (size_t i = 0; i + 1 < g->m; i++)
        for (size_t j = g->n; j < (size_t)g->ldc; j++)
            gaps_kept &= g->c[i * (size_t)g->ldc + j] == before[i * (size_t)g->ldc + j];
    expect(gaps_kept, "m %zu n %zu: it wrote between rows", g->m, g->n);
}

/* Rows split between calls, and panels alone, must give the same bits as one call. */
static void check_split(const struct check *t, size_t m, size_t n, size_t depth) {
    struct product p = {.g = {.taps = 2, .depth = depth, .m = m, .n = n, .act = DR_LEAKY_RELU}};
    make_product(&p, 3);
    const size_t size_c = last_element(m, p.g.ldc, n);
    float *whole = p.g.c;
    t->k.gemm(&p.g);

    for (size_t rows = 1; rows < m; rows += rows < 16 ? 1 : 37) {
        p.g.c = guarded_floats(size_c, AT_END);
        for (size_t i = 0; i < m; i += rows) {
            struct dr_gemm part = p.g;
            part.a += (ptrdiff_t)i * p.g.lda;
            part.residual += (ptrdiff_t)i * p.g.ldr;
            part.c += (ptrdiff_t)i * p.g.ldc;
            part.m = m - i < rows ? m - i : rows;
            t->k.gemm(&part);
        }
        bool same = true;
        for (size_t i = 0; i < m; i++)
            same &= !memcmp(p.g.c + i * (size_t)p.g.ldc, whole + i * (size_t)p.g.ldc,
                            n * sizeof(float));
        expect(same, "m %zu n %zu depth %zu: other bits in calls of %zu rows", m, n, depth, rows);
    }

    p.g.c = guarded_floats(size_c, AT_END);
    for (size_t j = 0; j < n; j += DR_PANEL) {
        struct dr_gemm part = p.g;
        part.b += j * 2 * depth;
        part.bias += j;
        part.residual += j;
        part.c += j;
        part.n = n - j < DR_PANEL ? n - j : DR_PANEL;
        t->k.gemm(&part);
    }
    bool same = true;
    for (size_t i = 0; i < m; i++)
        same &=
            !memcmp(p.g.c + i * (size_t)p.g.ldc, whole + i * (size_t)p.g.ldc, n * sizeof(float));
    expect(same, "m %zu n %zu depth %zu: other bits panel by panel", m, n, depth);
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
                struct product p = {.g = {.taps = depths[c][0],
                                          .depth = depths[c][1],
                                          .m = ms[a],
                                          .n = ns[b],
                                          .act = (enum dr_activation)(turn / 5 % 4)},
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
    /* name, m, n, taps, depth, lda, tap_stride, ldc */
    static const struct {
        const char *name;
        size_t m, n, taps, depth;
        ptrdiff_t lda, tap_stride, ldc;
    } shapes[] = {
        {"sinc 15975x80, 251 by 10", 15975, 80, 1, 251, 10, 0, 80},
        {"conv 5321x60, 5 x 80", 5321, 60, 1, 400, 80, 0, 60},
        {"conv 1770x60, 5 x 60", 1770, 60, 1, 300, 60, 0, 60},
        {"LSTM input 3534x1024, 60", 3534, 1024, 1, 60, 60, 0, 1024},
        {"LSTM input 3534x1024, 256", 3534, 1024, 1, 256, 256, 0, 1024},
        {"LSTM input 96x1024, 256", 96, 1024, 1, 256, 256, 0, 1024},
        {"linear 3534x128, 256", 3534, 128, 1, 256, 256, 0, 128},
        {"linear 3534x7, 128", 3534, 7, 1, 128, 128, 0, 7},
        {"3x3 300x32, 3 taps x 96", 300, 32, 3, 96, 32, 32 * 302, 32},
        {"TDNN 150x128, 5 x 320, step 2", 150, 128, 1, 1600, 640, 0, 128},
        {"1x1 150x128, 512", 150, 128, 1, 512, 1024, 0, 128},
        {"1x1 150x128, 992", 150, 128, 1, 992, 1024, 0, 128},
        {"dilated 150x32, 3 taps x 128", 150, 32, 3, 128, 128, 256, 32},
        {"transition 150x512, 1024", 150, 512, 1, 1024, 1024, 0, 512},
    };
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct product p = {.g = {.m = shapes[i].m,
                                  .n = shapes[i].n,
                                  .taps = shapes[i].taps,
                                  .depth = shapes[i].depth,
                                  .lda = shapes[i].lda,
                                  .tap_stride = shapes[i].tap_stride,
                                  .ldc = shapes[i].ldc,
                                  .act = DR_RELU},
                            .place = AT_START};
        struct dr_gemm *g = &p.g;
        const size_t taps = (g->taps - 1) * (size_t)g->tap_stride;
        g->a = random_floats(last_element(g->m, g->lda, taps + g->depth), UNIFORM, AT_START);
        g->bias = random_floats(DR_PADDED(g->n), UNIFORM, AT_START);
        g->c = guarded_floats(g->m * (size_t)g->ldc, AT_START);
        make_weights(&p);
        bench_row(t, "gemm", shapes[i].name,
                  2.0 * (double)(g->m * g->n) * (double)(g->taps * g->depth), run, g);
        release_all();
    }
}
