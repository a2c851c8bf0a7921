/* check_winograd5.c - Winograd's F(3, 5) against the convolution that it replaces, in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "checkkern.h"
#include "winograd_points.h"

enum { POINTS = WINOGRAD_POINTS, OUTPUTS = 3, TAPS = 5, MOST = 80 /* columns */ };

static double input_transform[POINTS][POINTS];

/* A norm of n columns. */
static struct dr_instance_norm random_norm(size_t n) {
    struct dr_instance_norm norm = {.mean = {0}};
    for (size_t j = 0; j < n; j++) {
        norm.mean[j] = (float)uniform();
        norm.factor[j] = (float)uniform();
        norm.shift[j] = (float)uniform();
    }
    return norm;
}

static double normalised(float x, const struct dr_instance_norm *norm, size_t j) {
    const double centred = (double)x - (double)norm->mean[j];
    const double v = centred * (double)norm->factor[j] + (double)norm->shift[j];
    return v > 0.0 ? v : 0.01 * v;
}

/* (B' y)_p of column j of the tile at x */
static double transformed(const float *x, const struct dr_instance_norm *norm, size_t j, size_t n,
                          size_t point) {
    double v = 0.0;
    for (size_t r = 0; r < POINTS; r++)
        v += input_transform[point][r] * normalised(x[r * n + j], norm, j);
    return v;
}

static void each_map(const struct check *t,
                     void (*check)(const struct check *t, size_t tiles, size_t n, size_t gap,
                                   enum placement place)) {
    static const size_t ns[] = {16, 48, 64, MOST};
    for (size_t point = 0; point < POINTS; point++)
        winograd_input_weights(input_transform[point], point);
    winograd_each_map(t, ns, COUNT(ns), check);
}

static void check_input(const struct check *t, size_t tiles, size_t n, size_t gap,
                        enum placement place) {
    const size_t ldv = tiles * n + gap;
    const struct dr_instance_norm norm = random_norm(n);
    const float *x = random_floats((OUTPUTS * tiles + TAPS - 1) * n, UNIFORM, place);
    float *v = guarded_floats(last_element(POINTS, (ptrdiff_t)ldv, tiles * n), place);
    double worst = 0.0;
    t->k.winograd5_input(v, ldv, x, &norm, tiles, n);
    for (size_t p = 0; p < POINTS; p++) {
        for (size_t i = 0; i < tiles * n; i++) {
            const double exact = transformed(x + i / n * OUTPUTS * n, &norm, i % n, n, p);
            worst = fmax(worst, fabs((double)v[p * ldv + i] - exact));
        }
    }
    const bool kept = winograd_gaps_kept(v, POINTS, ldv, tiles * n);
    expect(worst < 1e-5 && kept, "%zu tiles of %zu: off by %.2g", tiles, n, worst);
}

void check_winograd5_input(const struct check *t) {
    each_map(t, check_input);
}

/* One channel in, n out: the largest of three outputs, by way of the products. */
static void check_output(const struct check *t, size_t tiles, size_t n, size_t gap,
                         enum placement place) {
    const size_t ldp = tiles * n + gap;
    const float *x = random_floats(OUTPUTS * tiles + TAPS - 1, UNIFORM, AT_END);
    const float *filter = random_floats(TAPS * n, UNIFORM, AT_END);
    const float *bias = random_floats(n, UNIFORM, place);
    float *products = guarded_floats(last_element(POINTS, (ptrdiff_t)ldp, tiles * n), place);
    float *y = guarded_floats(tiles * n, place);
    for (size_t p = 0; p < POINTS; p++)
        for (size_t i = 0; i < tiles * n; i++) {
            double u = 0.0, v = 0.0;
            for (size_t tap = 0; tap < TAPS; tap++)
                u += winograd_filter_weight(p, tap, TAPS) * (double)filter[tap * n + i % n];
            for (size_t r = 0; r < POINTS; r++)
                v += input_transform[p][r] * (double)x[i / n * OUTPUTS + r];
            products[p * ldp + i] = (float)(u * v);
        }
    t->k.winograd5_output_pool3(y, products, ldp, bias, tiles, n);
    double worst = 0.0;
    for (size_t i = 0; i < tiles * n; i++) {
        double largest = -INFINITY;
        for (size_t q = 0; q < OUTPUTS; q++) {
            double sum = (double)bias[i % n];
            for (size_t tap = 0; tap < TAPS; tap++)
                sum += (double)filter[tap * n + i % n] * (double)x[i / n * OUTPUTS + q + tap];
            largest = fmax(largest, sum);
        }
        worst = fmax(worst, fabs((double)y[i] - largest));
    }
    expect(worst < 1e-5, "%zu tiles of %zu: off by %.2g", tiles, n, worst);
}

void check_winograd5_output_pool3(const struct check *t) {
    each_map(t, check_output);
}

/* ---- bench ---- */

enum { TILES = 48, N = 80, POINT = TILES * N + 2 * DR_PANEL };

struct work {
    const float *x, *products, *bias;
    struct dr_instance_norm norm;
    float *v, *y;
};

static struct work make_work(void) {
    struct work w = {random_floats((OUTPUTS * TILES + TAPS - 1) * N, UNIFORM, AT_START),
                     random_floats(POINTS * POINT, UNIFORM, AT_START),
                     random_floats(N, UNIFORM, AT_START),
                     random_norm(N),
                     guarded_floats(POINTS * POINT, AT_START),
                     guarded_floats(TILES * N, AT_START)};
    return w;
}

#define BENCH(slot, arguments) \
    DEFINE_BENCH(slot, "48 tiles of 80", struct work, make_work(), arguments)

BENCH(winograd5_input, (o->v, POINT, o->x, &o->norm, TILES, N))
BENCH(winograd5_output_pool3, (o->y, o->products, POINT, o->bias, TILES, N))
