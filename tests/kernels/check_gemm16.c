/* check_gemm16.c - the product of 16-bit integers against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "product_checks.h"

#define NMSE_BOUND 1e-12

/* A product with everything it reads and writes. */
struct product {
    struct dr_gemm16 g;
    struct output out;
    const float *b; /* plain [n][taps*depth] */
    enum placement place;
};

static void make_weights(struct product *p) {
    struct dr_gemm16 *g = &p->g;
    const size_t k = g->taps * g->depth;
    p->b = random_floats(k * g->n, UNIFORM, AT_END);
    int16_t *packed = guarded(k * DR_PADDED(g->n) * sizeof *packed, p->place);
    float *scale = guarded_floats(DR_PADDED(g->n), p->place);
    dr_pack_panels16(packed, scale, p->b, k, g->exact_taps * g->depth, g->n, DR_ACTIVATION_MAX);
    g->b = packed;
    g->column_scale = scale;
}

/* Activations of any size, or, where `extreme`, as large as they can be and of the sign that makes
 * the sums of column 0 as large as they can be. */
static const int16_t *make_activations(const struct product *p, bool extreme) {
    const struct dr_gemm16 *g = &p->g;
    const size_t row = (g->taps - 1) * (size_t)g->tap_stride + g->depth;
    const size_t size = last_element(g->m, g->lda, row);
    int16_t *a = guarded(size * sizeof *a, p->place);
    for (size_t i = 0; i < size; i++)
        a[i] = (int16_t)lrint(uniform() * DR_ACTIVATION_MAX);
    for (size_t t = 0; t < g->taps && extreme; t++)
        for (size_t d = 0; d < g->depth; d++)
            a[t * (size_t)g->tap_stride + d] =
                p->b[t * g->depth + d] < 0.0f ? -DR_ACTIVATION_MAX : DR_ACTIVATION_MAX;
    return a;
}

/* with: as in make_output; bit 3: scales of rows. */
static void make_product(struct product *p, unsigned with) {
    struct dr_gemm16 *g = &p->g;
    g->lda = (ptrdiff_t)(with % 3 ? g->depth + GAP : 2);
    g->tap_stride = with % 2 ? (ptrdiff_t)g->depth : 2 * g->lda;
    g->scale = 1e-4f;
    make_output(&p->out, with, UNIFORM, p->place);
    SET_OUTPUT(g, &p->out);
    make_weights(p);
    g->a = make_activations(p, with % 5 == 0);
    if (with & 8)
        g->row_scale = random_floats(g->m, UNIFORM, p->place);
}

/* The weight that was packed for row k of column j. */
static int packed_weight(const struct dr_gemm16 *g, size_t k, size_t j) {
    const size_t panel = j / DR_PANEL * g->taps * g->depth * DR_PANEL;
    return g->b[panel + k / 2 * 2 * DR_PANEL + j % DR_PANEL * 2 + k % 2];
}

static double dot(const void *product, size_t i, size_t j, double *power) {
    const struct dr_gemm16 *g = &((const struct product *)product)->g;
    const double unit = (double)g->scale * (double)g->column_scale[j] *
                        (g->row_scale ? (double)g->row_scale[i] : 1.0);
    double total = 0.0;
    for (size_t t = 0; t < g->taps; t++)
        for (size_t d = 0; d < g->depth; d++) {
            const double term =
                unit * g->a[(ptrdiff_t)i * g->lda + (ptrdiff_t)t * g->tap_stride + (ptrdiff_t)d] *
                packed_weight(g, t * g->depth + d, j);
            total += term;
            *power += term * term;
        }
    return total;
}

static void run_rows(const struct dr_kernels *k, const void *product, size_t first,
                     const struct output *output) {
    struct dr_gemm16 g = ((const struct product *)product)->g;
    g.a += (ptrdiff_t)first * g.lda;
    g.row_scale = g.row_scale ? g.row_scale + first : NULL;
    SET_OUTPUT(&g, output);
    k->gemm16(&g);
}

static const struct product_kind kind = {dot, run_rows};

static void check_product(const struct check *t, const struct product *p) {
    const struct dr_gemm16 *g = &p->g;
    char what[80];
    snprintf(what, sizeof what, "taps %zu/%zu depth %zu lda %td", g->taps, g->exact_taps, g->depth,
             g->lda);
    check_output(t, &kind, p, &p->out, NMSE_BOUND, what);
}

/* Packed weights are the weights to half a unit, and sums of them cannot overflow. */
static void check_weights(const struct product *p) {
    const struct dr_gemm16 *g = &p->g;
    const size_t k = g->taps * g->depth, exact = g->exact_taps * g->depth;
    double worst = 0.0;
    int64_t largest = 0;
    for (size_t j = 0; j < g->n; j++) {
        int64_t sum = 0;
        for (size_t i = 0; i < k; i++) {
            const int w = packed_weight(g, i, j);
            worst = fmax(worst, fabs(p->b[j * k + i] / (double)g->column_scale[j] - w));
            sum = (i % exact ? sum : 0) + llabs((long long)w) * DR_ACTIVATION_MAX;
            largest = sum > largest ? sum : largest;
        }
    }
    expect(worst <= 0.505, "n %zu depth %zu: a weight is off by %.3f units", g->n, g->depth, worst);
    expect(largest <= INT32_MAX, "n %zu depth %zu: a sum may reach %lld", g->n, g->depth,
           (long long)largest);
}

void check_gemm16(const struct check *t) {
    static const size_t ms[] = {1, 2, 3, 5, 6, 7, 11, 13, 14, 29};
    static const size_t ns[] = {1, 7, 8, 9, 15, 16, 17, 32, 33, 60, 64, 128, 144};
    static const size_t shapes[][3] = {{1, 1, 2}, {3, 3, 6}, {4, 1, 34}, {4, 2, 18}, {1, 1, 256}};
    unsigned turn = 0;
    for (size_t a = 0; a < COUNT(ms); a++)
        for (size_t b = 0; b < COUNT(ns); b++)
            for (size_t c = 0; c < COUNT(shapes); c++, turn++) {
                struct product p = {
                    .g = {.taps = shapes[c][0], .exact_taps = shapes[c][1], .depth = shapes[c][2]},
                    .out = {.m = ms[a], .n = ns[b], .act = (enum dr_activation)(turn / 5 % 4)},
                    .place = (enum placement)(turn % NUM_PLACEMENTS)};
                make_product(&p, turn % 16);
                check_weights(&p);
                check_product(t, &p);
                release_all();
            }
    static const size_t splits[][3] = {{43, 16, 50}, {29, 40, 22}, {400, 80, 6}};
    for (size_t i = 0; i < COUNT(splits); i++) {
        struct product p = {.g = {.taps = 2, .exact_taps = 1, .depth = splits[i][2]},
                            .out = {.m = splits[i][0], .n = splits[i][1]}};
        make_product(&p, i % 2 ? 11 : 3);
        check_row_split(t, &kind, &p, &p.out);
        release_all();
    }
}

static void run(void *call) {
    const struct bench_call *b = call;
    b->k->gemm16(b->argument);
}

void bench_gemm16(const struct check *t) {
    /* name, m, n, taps, exact_taps, depth, lda, tap_stride */
    static const struct {
        const char *name;
        size_t m, n, taps, exact_taps, depth;
        ptrdiff_t lda, tap_stride;
    } shapes[] = {
        {"conv 5321x60, 5 x 80", 5321, 60, 5, 5, 80, 80, 80},
        {"LSTM input 96x1024, 256", 96, 1024, 1, 1, 256, 256, 0},
        {"linear 3534x128, 256", 3534, 128, 1, 1, 256, 256, 0},
        {"Winograd 75x32, 3 taps x 32", 75, 32, 3, 3, 32, 32, 75 * 6 * 32},
        {"TDNN 150x128, 5 x 320, step 2", 150, 128, 5, 1, 320, 640, 320},
        {"1x1 150x128, 2 x 256", 150, 128, 2, 1, 256, 512, 256},
        {"1x1 150x128, 4 x 248", 150, 128, 4, 1, 248, 992, 248},
        {"dilated 150x32, 3 taps x 128", 150, 32, 3, 3, 128, 128, 256},
        {"transition 150x512, 4 x 256", 150, 512, 4, 1, 256, 1024, 256},
    };
    for (size_t i = 0; i < COUNT(shapes); i++) {
        struct product p = {.g = {.m = shapes[i].m,
                                  .n = shapes[i].n,
                                  .taps = shapes[i].taps,
                                  .exact_taps = shapes[i].exact_taps,
                                  .depth = shapes[i].depth,
                                  .lda = shapes[i].lda,
                                  .tap_stride = shapes[i].tap_stride,
                                  .ldc = (ptrdiff_t)shapes[i].n,
                                  .scale = 1.0f,
                                  .act = DR_RELU},
                            .place = AT_START};
        struct dr_gemm16 *g = &p.g;
        make_weights(&p);
        g->a = make_activations(&p, false);
        g->bias = random_floats(DR_PADDED(g->n), UNIFORM, AT_START);
        g->c = guarded_floats(g->m * g->n, AT_START);
        bench_row(t, "gemm16", shapes[i].name,
                  2.0 * (double)(g->m * g->n) * (double)(g->taps * g->depth), run, g);
        release_all();
    }
}
