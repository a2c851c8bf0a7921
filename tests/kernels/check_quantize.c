/* check_quantize.c - floats to 16 bits against their formulas in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "checkkern.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define GAP 3

static const size_t rows[] = {1, 2, 7}, widths[] = {1, 5, 15, 16, 17, 32, 100, 128};

/* Calls check for every shape, kind of data and placement. */
static void each_shape(const struct check *t,
                       void (*check)(const struct check *, const float *x, size_t ldx, size_t m,
                                     size_t n, enum placement)) {
    unsigned turn = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t j = 0; j < COUNT(widths); j++)
            for (int data = 0; data < NUM_DATA; data++, turn++) {
                const enum placement place = (enum placement)(turn % NUM_PLACEMENTS);
                const size_t ldx = widths[j] + turn % 2 * GAP;
                const float *x =
                    random_floats((rows[i] - 1) * ldx + widths[j], (enum data)data, place);
                check(t, x, ldx, rows[i], widths[j], place);
                release_all();
            }
}

static void check_one_max(const struct check *t, const float *x, size_t ldx, size_t m, size_t n,
                          enum placement place) {
    (void)place;
    float max = 0.25f, expected = 0.25f;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            expected = fmaxf(expected, fabsf(x[i * ldx + j]));
    t->k.max_abs(&max, x, (ptrdiff_t)ldx, m, n);
    expect(max == expected, "%zu x %zu: %g instead of %g", m, n, (double)max, (double)expected);
}

void check_max_abs(const struct check *t) {
    each_shape(t, check_one_max);
}

/* Distance to x * factor where it fits, else to the end of the range. */
static double distance(int16_t y, double v) {
    return fabs(y - fmin(fmax(v, -INT16_MAX), INT16_MAX));
}

static void check_one_quantize(const struct check *t, const float *x, size_t ldx, size_t m,
                               size_t n, enum placement place) {
    static const float factors[] = {1.0f, 1000.0f, 32767.0f, 50000.0f};
    const size_t ldy = n + GAP;
    for (size_t f = 0; f < COUNT(factors); f++) {
        int16_t *y = guarded(((m - 1) * ldy + n) * sizeof *y, place);
        double worst = 0.0;
        bool gaps_kept = true;
        t->k.quantize(y, (ptrdiff_t)ldy, x, (ptrdiff_t)ldx, factors[f], m, n);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < (i + 1 < m ? ldy : n); j++)
                if (j < n)
                    worst = fmax(worst, distance(y[i * ldy + j],
                                                 (double)x[i * ldx + j] * (double)factors[f]));
                else
                    gaps_kept &= y[i * ldy + j] == 0;
        expect(worst <= 0.502, "%zu x %zu times %g: off by %.3f", m, n, (double)factors[f], worst);
        expect(gaps_kept, "%zu x %zu: it wrote between rows", m, n);
    }
}

void check_quantize(const struct check *t) {
    each_shape(t, check_one_quantize);
    const float halves[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f};
    const int16_t even[] = {0, 2, 2, 0, -2, -2};
    int16_t y[6];
    t->k.quantize(y, 6, halves, 6, 1.0f, 1, 6);
    expect(!memcmp(y, even, sizeof y), "halves are not rounded to even");
}

static void check_one_relu16(const struct check *t, const float *x, size_t ldx, size_t m, size_t n,
                             enum placement place) {
    const float *scale = random_floats(n, UNIFORM, place), *shift = random_floats(n, ZEROS, place);
    const size_t ldy = n + GAP;
    int16_t *y = guarded(((m - 1) * ldy + n) * sizeof *y, place);
    float *unit = guarded_floats(m, place);
    t->k.scale_shift_relu16(y, (ptrdiff_t)ldy, unit, x, (ptrdiff_t)ldx, scale, shift, m, n);
    for (size_t i = 0; i < m; i++) {
        double worst = 0.0, largest = 0.0;
        int top = 0;
        for (size_t j = 0; j < n; j++) {
            const double v =
                fmax(0.0, (double)x[i * ldx + j] * (double)scale[j] + (double)shift[j]);
            worst = fmax(worst, fabs(y[i * ldy + j] * (double)unit[i] - v));
            /* No fmax: gcc 12 for AArch64 breaks down on it at -O3. */
            largest = v > largest ? v : largest;
            top = y[i * ldy + j] > top ? y[i * ldy + j] : top;
        }
        expect(worst <= 0.505 * (double)unit[i] + 1e-30, "%zu x %zu: off by %.3f of a unit", m, n,
               worst / (double)unit[i]);
        expect(top == (largest > 1e-29 ? DR_ACTIVATION_MAX : top) && top <= DR_ACTIVATION_MAX,
               "%zu x %zu: the largest became %d", m, n, top);
    }
}

void check_scale_shift_relu16(const struct check *t) {
    each_shape(t, check_one_relu16);
}

/* ---- bench ---- */

struct work {
    int16_t *y;
    float *unit;
    const float *x, *scale, *shift;
};

enum { M = 150, N = 512 };

static struct work make_work(void) {
    struct work w = {guarded(M * N * sizeof(int16_t), AT_START), guarded_floats(M, AT_START),
                     random_floats(M * N, UNIFORM, AT_START), random_floats(N, UNIFORM, AT_START),
                     random_floats(N, UNIFORM, AT_START)};
    return w;
}

static void run_max(void *call) {
    const struct bench_call *b = call;
    const struct work *w = b->argument;
    b->k->max_abs(w->unit, w->x, N, M, N);
}

void bench_max_abs(const struct check *t) {
    struct work w = make_work();
    bench_row(t, "max_abs", "150 x 512", 0.0, run_max, &w);
}

static void run_quantize(void *call) {
    const struct bench_call *b = call;
    const struct work *w = b->argument;
    b->k->quantize(w->y, N, w->x, N, 1000.0f, M, N);
}

void bench_quantize(const struct check *t) {
    struct work w = make_work();
    bench_row(t, "quantize", "150 x 512", 0.0, run_quantize, &w);
}

static void run_relu(void *call) {
    const struct bench_call *b = call;
    const struct work *w = b->argument;
    b->k->scale_shift_relu16(w->y, N, w->unit, w->x, N, w->scale, w->shift, M, N);
}

void bench_scale_shift_relu16(const struct check *t) {
    struct work w = make_work();
    bench_row(t, "scale_shift_relu16", "150 x 512", 0.0, run_relu, &w);
}
