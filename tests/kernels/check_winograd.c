/* check_winograd.c - Winograd's F(4, 3) against the convolution that it replaces, in double.
 * SPDX-License-Identifier: MIT
 * The filter's transform is written out here from the paper, so that the two transforms of the
 * kernels are held to the convolution, not to themselves. */
#include <math.h>

#include "checkkern.h"
#include "winograd_matrices.h"

static double transformed(const float *x, size_t n, int point) {
    double v = 0.0;
    for (size_t r = 0; r < POINTS; r++)
        v += input_transform[point][r] * (double)x[r * n];
    return v;
}

void check_winograd_input(const struct check *t) {
    static const size_t tiles[] = {1, 2, 7}, ns[] = {16, 32, 48};
    for (size_t a = 0; a < COUNT(tiles); a++)
        for (size_t b = 0; b < COUNT(ns); b++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                const size_t n = ns[b], num = tiles[a];
                const float *x =
                    random_floats((OUTPUTS * num + 2) * n, UNIFORM, (enum placement)place);
                float *v = guarded_floats(POINTS * num * n, (enum placement)place);
                double worst = 0.0;
                t->k.winograd_input(v, x, num, n);
                for (size_t p = 0; p < POINTS; p++)
                    for (size_t i = 0; i < num * n; i++)
                        worst = fmax(worst,
                                     fabs((double)v[p * num * n + i] -
                                          transformed(x + i / n * OUTPUTS * n + i % n, n, (int)p)));
                expect(worst < 3e-6, "%zu tiles of %zu: off by %.2g", num, n, worst);
                release_all();
            }
}

void check_winograd_input16(const struct check *t) {
    static const size_t tiles[] = {1, 2, 7}, ns[] = {16, 32, 48};
    static const float factors[] = {100.0f, 3276.0f, 9000.0f /* some do not fit */};
    for (size_t a = 0; a < COUNT(tiles); a++)
        for (size_t b = 0; b < COUNT(ns); b++)
            for (size_t f = 0; f < COUNT(factors); f++) {
                const enum placement place = (enum placement)((a + b + f) % NUM_PLACEMENTS);
                const size_t n = ns[b], num = tiles[a];
                const float *x = random_floats((OUTPUTS * num + 2) * n, UNIFORM, place);
                int16_t *v = guarded(POINTS * num * n * sizeof *v, place);
                double worst = 0.0;
                t->k.winograd_input16(v, x, factors[f], num, n);
                for (size_t p = 0; p < POINTS; p++)
                    for (size_t i = 0; i < num * n; i++) {
                        const double exact =
                            (double)factors[f] *
                            transformed(x + i / n * OUTPUTS * n + i % n, n, (int)p);
                        const double fit = fmin(fmax(exact, -INT16_MAX), INT16_MAX);
                        worst = fmax(worst, fabs(v[p * num * n + i] - fit));
                    }
                expect(worst < 0.53, "%zu tiles of %zu times %g: off by %.3f units", num, n,
                       (double)factors[f], worst);
                release_all();
            }
}

/* One channel in, n out: y = max(0, filter * x + bias + residual), by way of the products. */
static void check_output(const struct check *t, size_t m, size_t n, int with_residual,
                         enum placement place) {
    const size_t num = (m + OUTPUTS - 1) / OUTPUTS;
    const float *x = random_floats(OUTPUTS * num + 2, UNIFORM, AT_END);
    const float *filter = random_floats(TAPS * n, UNIFORM, AT_END);
    const float *bias = random_floats(n, UNIFORM, place);
    const float *residual = with_residual ? random_floats(m * n, UNIFORM, place) : NULL;
    float *products = guarded_floats(POINTS * num * n, place), *y = guarded_floats(m * n, place);
    for (size_t p = 0; p < POINTS; p++)
        for (size_t i = 0; i < num * n; i++) {
            double u = 0.0;
            for (size_t tap = 0; tap < TAPS; tap++)
                u += filter_transform[p][tap] * (double)filter[tap * n + i % n];
            products[p * num * n + i] = (float)(u * transformed(x + i / n * OUTPUTS, 1, (int)p));
        }
    t->k.winograd_output_relu(y, products, bias, residual, m, n);
    double worst = 0.0;
    for (size_t i = 0; i < m * n; i++) {
        double sum = (double)bias[i % n] + (residual ? (double)residual[i] : 0.0);
        for (size_t tap = 0; tap < TAPS; tap++)
            sum += (double)filter[tap * n + i % n] * (double)x[i / n + tap];
        worst = fmax(worst, fabs((double)y[i] - fmax(sum, 0.0)));
    }
    expect(worst < 1e-5, "%zu x %zu: off by %.2g", m, n, worst);
}

void check_winograd_output_relu(const struct check *t) {
    static const size_t ms[] = {1, 2, 3, 4, 5, 8, 30}, ns[] = {16, 32, 48};
    for (size_t a = 0; a < COUNT(ms); a++)
        for (size_t b = 0; b < COUNT(ns); b++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                check_output(t, ms[a], ns[b], place % 2, (enum placement)place);
                release_all();
            }
}

/* ---- bench: a row of a map of 300 x 32 ---- */

enum { TILES = 75, N = 32 };

struct work {
    const float *x, *products, *bias;
    float *v, *y;
    int16_t *v16;
};

static struct work make_work(void) {
    struct work w = {random_floats((OUTPUTS * TILES + 2) * N, UNIFORM, AT_START),
                     random_floats(POINTS * TILES * N, UNIFORM, AT_START),
                     random_floats(N, UNIFORM, AT_START),
                     guarded_floats(POINTS * TILES * N, AT_START),
                     guarded_floats(OUTPUTS * TILES * N, AT_START),
                     guarded(POINTS * TILES * N * sizeof(int16_t), AT_START)};
    return w;
}

#define BENCH(slot, arguments) DEFINE_BENCH(slot, "300 x 32", struct work, make_work(), arguments)

BENCH(winograd_input, (o->v, o->x, TILES, N))
BENCH(winograd_input16, (o->v16, o->x, 1000.0f, TILES, N))
BENCH(winograd_output_relu, (o->y, o->products, o->bias, o->x, OUTPUTS *TILES, N))
