/* check_quantize.c - floats to 16 bits against their formulas in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "checkkern.h"

/* An input of m rows, with and without a gap between them by turns. */
static const float *make_rows(size_t *ldx, size_t m, size_t n, enum data data,
                              enum placement place) {
    *ldx = n + (m + n) % 2 * GAP;
    return random_floats(last_element(m, (ptrdiff_t)*ldx, n), data, place);
}

static void check_one_max(const struct check *t, size_t m, size_t n, enum data data,
                          enum placement place) {
    size_t ldx;
    const float *x = make_rows(&ldx, m, n, data, place);
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

static void check_one_quantize(const struct check *t, size_t m, size_t n, enum data data,
                               enum placement place) {
    static const float factors[] = {1.0f, 1000.0f, 32767.0f, 50000.0f};
    size_t ldx;
    const float *x = make_rows(&ldx, m, n, data, place);
    const size_t ldy = n + GAP;
    for (size_t f = 0; f < COUNT(factors); f++) {
        int16_t *y = guarded(last_element(m, (ptrdiff_t)ldy, n) * sizeof *y, place);
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

static void check_one_relu16(const struct check *t, size_t m, size_t n, enum data data,
                             enum placement place) {
    size_t ldx;
    const float *x = make_rows(&ldx, m, n, data, place);
    const float *scale = random_floats(n, UNIFORM, place), *shift = random_floats(n, ZEROS, place);
    const size_t ldy = n + GAP;
    int16_t *y = guarded(last_element(m, (ptrdiff_t)ldy, n) * sizeof *y, place);
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

/* What a half can be that is nearest to v: 11 digits, or as many as there are near the smallest
 * numbers; the even one in the middle. */
static double with_11_digits(double v) {
    int exponent;
    frexp(v, &exponent);
    const double unit = ldexp(1.0, (exponent < -13 ? -13 : exponent) - 11);
    return nearbyint(v / unit) * unit;
}

static void check_one_half(const struct check *t, size_t m, size_t n, enum data data,
                           enum placement place) {
    static const float factors[] = {1.0f, 0x1p-9f, 60000.0f};
    const size_t num = DR_PADDED(m * n);
    const float *x = random_floats(num, data == LARGE ? UNIFORM : data, place);
    dr_half *y = guarded(num * sizeof *y, place);
    float *back = guarded_floats(num, place);
    for (size_t f = 0; f < COUNT(factors); f++) {
        bool ok = true;
        t->k.to_half(y, x, factors[f], num);
        t->k.from_half(back, y, 1.0f, num);
        for (size_t i = 0; i < num; i++)
            if (fabsf(x[i] * factors[f]) <= 65504.0f)
                ok &= (double)back[i] == with_11_digits(x[i] * factors[f]);
        expect(ok, "%zu numbers times %g, data %d", num, (double)factors[f], (int)data);
    }
}

void check_to_half(const struct check *t) {
    each_shape(t, check_one_half);
}

void check_from_half(const struct check *t) {
    const dr_half x[16] = {0x0000, 0x3c00, 0xbe00, 0x7bff, 0x0001, 0x83ff, 0x0400};
    const double expected[16] = {0.0, 1.0, -1.5, 65504.0, 0x1p-24, -1023 * 0x1p-24, 0x1p-14};
    float y[16];
    t->k.from_half(y, x, 0.25f, 16);
    for (size_t i = 0; i < 16; i++)
        expect((double)y[i] == 0.25 * expected[i], "%04x became %g", x[i], (double)y[i]);
}

/* ---- bench ---- */

struct work {
    int16_t *y;
    dr_half *narrow;
    float *unit, *wide;
    const float *x, *scale, *shift;
};

enum { M = 150, N = 512 };

static struct work make_work(void) {
    struct work w = {guarded(M * N * sizeof(int16_t), AT_START),
                     guarded(M * N * sizeof(dr_half), AT_START),
                     guarded_floats(M, AT_START),
                     guarded_floats(M * N, AT_START),
                     random_floats(M * N, UNIFORM, AT_START),
                     random_floats(N, UNIFORM, AT_START),
                     random_floats(N, UNIFORM, AT_START)};
    return w;
}

#define BENCH(slot, arguments) DEFINE_BENCH(slot, "150 x 512", struct work, make_work(), arguments)

BENCH(max_abs, (o->unit, o->x, N, M, N))
BENCH(quantize, (o->y, N, o->x, N, 1000.0f, M, N))
BENCH(scale_shift_relu16, (o->y, N, o->unit, o->x, N, o->scale, o->shift, M, N))
BENCH(to_half, (o->narrow, o->x, 1.0f, (size_t)M *N))
BENCH(from_half, (o->wide, o->narrow, 1.0f, (size_t)M *N))
