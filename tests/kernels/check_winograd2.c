/* check_winograd2.c - Winograd's F(5x5, 3x3) against the convolution that it replaces, in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "checkkern.h"
#include "kernels/half.h"
#include "winograd_points.h"

enum { POINTS = WINOGRAD_POINTS, OUTPUTS = 5, TAPS = 3, SQUARE = POINTS * POINTS };

static double filter_transform[POINTS][TAPS], input_transform[POINTS][POINTS];

static void make_transforms(void) {
    for (size_t point = 0; point < POINTS; point++) {
        winograd_input_weights(input_transform[point], point);
        for (size_t tap = 0; tap < TAPS; tap++)
            filter_transform[point][tap] = winograd_filter_weight(point, tap, TAPS);
    }
}

/* (B' x B)_pq of the 7 x 7 at x */
static double transformed(const float *x, size_t ldx, size_t n, size_t point) {
    double v = 0.0;
    for (size_t r = 0; r < POINTS; r++)
        for (size_t c = 0; c < POINTS; c++)
            v += input_transform[point / POINTS][r] * input_transform[point % POINTS][c] *
                 (double)x[r * ldx + c * n];
    return v;
}

/* Calls check for shapes with and without a gap behind rows and points. */
static void each_map(const struct check *t,
                     void (*check)(const struct check *t, size_t tiles, size_t n, size_t gap,
                                   enum placement place)) {
    static const size_t ns[] = {16, 32, 48};
    make_transforms();
    winograd_each_map(t, ns, COUNT(ns), check);
}

static void check_input(const struct check *t, size_t tiles, size_t n, size_t gap,
                        enum placement place) {
    const size_t width = (OUTPUTS * tiles + 2) * n, ldx = width + gap, ldv = tiles * n + gap;
    const float *x = random_floats(last_element(POINTS, (ptrdiff_t)ldx, width), UNIFORM, place);
    float *v = guarded_floats(last_element(SQUARE, (ptrdiff_t)ldv, tiles * n), place);
    double worst = 0.0;
    t->k.winograd2_input(v, ldv, x, ldx, tiles, n);
    for (size_t p = 0; p < SQUARE; p++) {
        for (size_t i = 0; i < tiles * n; i++) {
            const float *tile = x + i / n * OUTPUTS * n + i % n;
            worst = fmax(worst, fabs((double)v[p * ldv + i] - transformed(tile, ldx, n, p)));
        }
    }
    const bool kept = winograd_gaps_kept(v, SQUARE, ldv, tiles * n);
    expect(worst < 3e-5 && kept, "%zu tiles of %zu: off by %.2g", tiles, n, worst);
}

void check_winograd2_input(const struct check *t) {
    each_map(t, check_input);
}

static void check_input16(const struct check *t, size_t tiles, size_t n, size_t gap,
                          enum placement place) {
    static const float factors[] = {10.0f, 290.0f};
    static const double units[POINTS] = {1.0,      0.69602043, 14.0 / 15, 7.0 / 15,
                                         7.0 / 15, 2.0 / 3,    1.0};
    const size_t width = (OUTPUTS * tiles + 2) * n, ldx = width + gap, ldv = tiles * n + gap;
    const size_t floats = last_element(POINTS, (ptrdiff_t)ldx, width);
    float *x = random_floats(floats, UNIFORM, place);
    int16_t *v = guarded(last_element(SQUARE, (ptrdiff_t)ldv, tiles * n) * sizeof *v, place);
    dr_half *narrow = guarded(floats * sizeof *narrow, place);
    for (size_t i = 0; i < floats; i++)
        x[i] = dr_float_of(dr_half_of(fabsf(x[i])));
    /* The first channel of the last tile has the largest value that there can be. */
    for (size_t i = 0; i < SQUARE; i++) {
        const double weight = input_transform[0][i / POINTS] * input_transform[0][i % POINTS];
        const size_t column = (tiles - 1) * OUTPUTS + i % POINTS;
        x[i / POINTS * ldx + column * n] = weight > 0.0 ? 1.0f : 0.0f;
    }
    for (size_t i = 0; i < floats; i++)
        narrow[i] = dr_half_of(x[i]);
    for (size_t f = 0; f < COUNT(factors); f++) {
        double worst = 0.0;
        bool kept = true;
        t->k.winograd2_input16(v, ldv, narrow, ldx, factors[f], tiles, n);
        for (size_t p = 0; p < SQUARE; p++) {
            const double factor = (double)factors[f] / units[p / POINTS] / units[p % POINTS];
            for (size_t i = 0; i < tiles * n; i++) {
                const float *tile = x + i / n * OUTPUTS * n + i % n;
                const double exact = factor * transformed(tile, ldx, n, p);
                worst = fmax(worst, fabs(v[p * ldv + i] - exact));
            }
            for (size_t i = tiles * n; p + 1 < SQUARE && i < ldv; i++)
                kept &= v[p * ldv + i] == 0;
        }
        expect(worst < 0.53 && kept, "%zu tiles of %zu times %g: off by %.3f units", tiles, n,
               (double)factors[f], worst);
    }
}

void check_winograd2_input16(const struct check *t) {
    each_map(t, check_input16);
}

/* One channel in, n out: the products of a map x[rows][columns] with filters [3][3][n]. */
struct convolution {
    float *x, *filter;
    size_t columns, n;
};

static float product(const struct convolution *conv, size_t point, size_t tile, size_t j) {
    double u = 0.0;
    for (size_t r = 0; r < TAPS; r++)
        for (size_t c = 0; c < TAPS; c++)
            u += filter_transform[point / POINTS][r] * filter_transform[point % POINTS][c] *
                 (double)conv->filter[(r * TAPS + c) * conv->n + j];
    return (float)(u * transformed(conv->x + tile * OUTPUTS, conv->columns, 1, point));
}

static double convolved(const struct convolution *conv, size_t row, size_t column, size_t j) {
    double sum = 0.0;
    for (size_t r = 0; r < TAPS; r++)
        for (size_t c = 0; c < TAPS; c++)
            sum += (double)conv->filter[(r * TAPS + c) * conv->n + j] *
                   (double)conv->x[(row + r) * conv->columns + column + c];
    return sum;
}

/* A map of outputs, as floats and, where the kernel writes those, as halves. */
struct outputs {
    float *y;
    dr_half *narrow; /* or NULL */
    size_t num;
};

/* Of numbers that a half can be. */
static struct outputs make_outputs(size_t num, bool random, bool narrow, enum placement place) {
    struct outputs o = {random ? random_floats(num, UNIFORM, place) : guarded_floats(num, place),
                        narrow ? guarded(num * sizeof *o.narrow, place) : NULL, num};
    for (size_t i = 0; narrow && i < num; i++)
        o.y[i] = dr_float_of(o.narrow[i] = dr_half_of(o.y[i]));
    return o;
}

struct output_shape {
    size_t rows, step, m, n, gap;
    bool narrow;
};

static void check_output(const struct check *t, const struct output_shape *s,
                         enum placement place) {
    const size_t tiles = (s->m + OUTPUTS - 1) / OUTPUTS, n = s->n, m = s->m;
    const size_t ldy = m * n + s->gap, ldp = tiles * n + s->gap, columns = OUTPUTS * tiles + 2;
    const struct convolution conv = {random_floats(POINTS * columns, UNIFORM, AT_END),
                                     random_floats(TAPS * TAPS * n, UNIFORM, AT_END), columns, n};
    const float *bias = random_floats(n, UNIFORM, place);
    const bool residual = place != AT_END;
    float *products = guarded_floats(last_element(SQUARE, (ptrdiff_t)ldp, tiles * n), place);
    struct outputs out =
        make_outputs(last_element(s->rows, (ptrdiff_t)ldy, m * n), residual, s->narrow, place);
    const float *before = copy_floats(out.y, out.num, place);
    for (size_t p = 0; p < SQUARE; p++)
        for (size_t i = 0; i < tiles * n; i++)
            products[p * ldp + i] = product(&conv, p, i / n, i % n);
    /* in place, as the residual may be; the largest is there before in some */
    const float per_unit = s->narrow ? 4.0f : 1.0f, residual_unit = s->narrow ? 0.5f : 1.0f;
    float max = place == AT_START ? 100.0f : 0.0f, largest = max;
    if (s->narrow) {
        const struct dr_winograd2_output16 o = {out.narrow, residual ? out.narrow : NULL,
                                                per_unit,   residual_unit,
                                                ldy,        &max,
                                                products,   ldp,
                                                bias,       s->rows,
                                                s->step,    m,
                                                n};
        t->k.winograd2_output_relu16(&o);
        for (size_t i = 0; i < out.num; i++)
            out.y[i] = dr_float_of(out.narrow[i]);
    } else {
        t->k.winograd2_output_relu(out.y, ldy, &max, products, ldp, bias, residual ? out.y : NULL,
                                   s->rows, s->step, m, n);
    }
    const double rounding = s->narrow ? 1.0 / 2048 : 0.0; /* half of the 11th digit */
    double worst = 0.0;
    bool kept = true;
    for (size_t r = 0; r < s->rows; r++) {
        for (size_t i = 0; i < m * n; i++) {
            const size_t element = r * ldy + i;
            largest = fmaxf(largest, out.y[element]);
            const double sum = convolved(&conv, r * s->step, i / n, i % n) + (double)bias[i % n] +
                               (double)(before[element] * residual_unit);
            const double exact = fmax(0.0, sum * (double)per_unit);
            worst = fmax(worst, fabs((double)out.y[element] - exact) - rounding * exact);
        }
        for (size_t i = m * n; r + 1 < s->rows && i < ldy; i++)
            kept &= out.y[r * ldy + i] == before[r * ldy + i];
    }
    expect(worst < 3e-5 * (double)per_unit && kept && max == largest,
           "%zu rows, every %zu, x %zu x %zu: off by %.2g", s->rows, s->step, m, n, worst);
}

static void each_output(const struct check *t, bool narrow) {
    static const size_t ms[] = {1, 2, 3, 4, 5, 6, 9, 10, 37}, ns[] = {16, 32, 48};
    make_transforms();
    for (size_t row = 0; row < 2 * OUTPUTS; row++) {
        const size_t rows = row / 2 + 1, step = row % 2 + 1;
        if ((rows - 1) * step >= OUTPUTS)
            continue;
        for (size_t a = 0; a < COUNT(ms); a++)
            for (size_t b = 0; b < COUNT(ns); b++)
                for (int place = 0; place < NUM_PLACEMENTS; place++) {
                    const struct output_shape s = {rows,  step, ms[a], ns[b], place % 2 ? GAP : 0,
                                                   narrow};
                    check_output(t, &s, (enum placement)place);
                    release_all();
                }
    }
}

void check_winograd2_output_relu(const struct check *t) {
    each_output(t, false);
}

void check_winograd2_output_relu16(const struct check *t) {
    each_output(t, true);
}

/* ---- bench: 48 tiles of a map of 32 channels ---- */

enum { TILES = 48, N = 32, ROW = (OUTPUTS * TILES + 2) * N, POINT = TILES * N + 16 };

struct work {
    const float *x, *products, *bias;
    float *v, *y, *max;
    int16_t *v16;
    dr_half *narrow;
};

static struct work make_work(void) {
    struct work w = {random_floats(POINTS * ROW, UNIFORM, AT_START),
                     random_floats(SQUARE * POINT, UNIFORM, AT_START),
                     random_floats(N, UNIFORM, AT_START),
                     guarded_floats(SQUARE * POINT, AT_START),
                     guarded_floats(OUTPUTS * ROW, AT_START),
                     guarded_floats(1, AT_START),
                     guarded(SQUARE * POINT * sizeof(int16_t), AT_START),
                     guarded(POINTS * ROW * sizeof(dr_half), AT_START)};
    return w;
}

#define BENCH(slot, arguments) \
    DEFINE_BENCH(slot, "48 tiles of 32", struct work, make_work(), arguments)

BENCH(winograd2_input, (o->v, POINT, o->x, ROW, TILES, N))
BENCH(winograd2_input16, (o->v16, POINT, o->narrow, ROW, 290.0f, TILES, N))
BENCH(winograd2_output_relu,
      (o->y, ROW, o->max, o->products, POINT, o->bias, o->x, OUTPUTS, 1, OUTPUTS *TILES, N))

static void run_output16(void *call) {
    const struct bench_call *b = call;
    b->k->winograd2_output_relu16(b->argument);
}

void bench_winograd2_output_relu16(const struct check *t) {
    const struct work w = make_work();
    struct dr_winograd2_output16 o = {w.narrow, w.narrow,        1.0f,  1.0f,   ROW,
                                      w.max,    w.products,      POINT, w.bias, OUTPUTS,
                                      1,        OUTPUTS * TILES, N};
    bench_row(t, "winograd2_output_relu16", "48 tiles of 32", 0.0, run_output16, &o);
    release_all();
}
