/* check_elementwise.c - per-column operations against their formulas in double.
 * SPDX-License-Identifier: MIT
 * One algorithm serves every instruction set: beyond the formula, all of them must give the bits
 * of the portable body. */
#include <math.h>
#include <string.h>

#include "checkkern.h"

#define ROUNDINGS 2.5e-7 /* two roundings to float, relative to the largest term */

static bool same_bits(const void *a, const void *b, size_t bytes) {
    return !memcmp(a, b, bytes);
}

/* Within roundings of the terms, or of the spacing of denormals. */
static bool close_to(double value, double expected, double largest_term) {
    return fabs(value - expected) <= ROUNDINGS * largest_term + 3e-45;
}

/* ---- scale_shift_relu ---- */

static void scale_shift_relu(const struct check *t, size_t m, size_t n, enum data data,
                             enum placement place) {
    const size_t ldx = n + 2, ldy = n + 5, size_x = (m - 1) * ldx + n, size_y = (m - 1) * ldy + n;
    float *x = random_floats(size_x, data, place);
    const float *scale = random_floats(n, UNIFORM, place), *shift = random_floats(n, MIXED, place);
    float *y = guarded_floats(size_y, place), *c = guarded_floats(size_y, place);
    t->k.scale_shift_relu(y, (ptrdiff_t)ldy, x, (ptrdiff_t)ldx, scale, shift, m, n);
    t->c.scale_shift_relu(c, (ptrdiff_t)ldy, x, (ptrdiff_t)ldx, scale, shift, m, n);

    bool ok = true;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            const double product = (double)x[i * ldx + j] * scale[j];
            ok &= close_to(y[i * ldy + j], fmax(0.0, product + shift[j]),
                           fabs(product) + fabs((double)shift[j]));
        }
    expect(ok, "m %zu n %zu data %d", m, n, (int)data);
    expect(same_bits(y, c, size_y * sizeof *y), "m %zu n %zu: not the bits of the C body", m, n);

    t->k.scale_shift_relu(x, (ptrdiff_t)ldx, x, (ptrdiff_t)ldx, scale, shift, m, n);
    ok = true;
    for (size_t i = 0; i < m; i++)
        ok &= same_bits(x + i * ldx, y + i * ldy, n * sizeof *x);
    expect(ok, "m %zu n %zu: other values in place", m, n);
}

void check_scale_shift_relu(const struct check *t) {
    each_shape(t, scale_shift_relu);
}

/* ---- max_pool3 ---- */

static void max_pool3(const struct check *t, size_t m, size_t n, enum data data,
                      enum placement place) {
    float *x = random_floats(3 * m * n, data, place), *y = guarded_floats(m * n, place);
    t->k.max_pool3(y, x, m, n);
    bool ok = true;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            ok &= y[i * n + j] ==
                  fmaxf(fmaxf(x[3 * i * n + j], x[(3 * i + 1) * n + j]), x[(3 * i + 2) * n + j]);
    expect(ok, "m %zu n %zu data %d", m, n, (int)data);
    t->k.max_pool3(x, x, m, n);
    expect(same_bits(x, y, m * n * sizeof *x), "m %zu n %zu: other values in place", m, n);
}

void check_max_pool3(const struct check *t) {
    each_shape(t, max_pool3);
}

/* ---- abs_max_pool3 ---- */

static void abs_max_pool3(const struct check *t, size_t m, size_t n, enum data data,
                          enum placement place) {
    const float *x = random_floats(3 * m * n, data, place), *shift = random_floats(n, MIXED, place);
    float *y = guarded_floats(m * n, place);
    const float scale = 0.7f;
    t->k.abs_max_pool3(y, x, scale, shift, m, n);
    bool ok = true;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double largest = 0.0;
            for (size_t r = 3 * i; r < 3 * i + 3; r++)
                largest = fmax(largest, fabs((double)x[r * n + j] * (double)scale + shift[j]));
            ok &= close_to(y[i * n + j], largest, largest + 2.0 * fabs((double)shift[j]));
        }
    expect(ok, "m %zu n %zu data %d", m, n, (int)data);
}

void check_abs_max_pool3(const struct check *t) {
    each_shape(t, abs_max_pool3);
}

/* ---- extremes_pool3, abs_max_extremes ---- */

static void extremes_pool3(const struct check *t, size_t m, size_t n, enum data data,
                           enum placement place) {
    const float *x = random_floats(3 * m * 2 * n, data, place);
    float *y = guarded_floats(m * 3 * n, place);
    t->k.extremes_pool3(y, x, m, n);
    bool ok = true;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float largest = x[6 * i * n + j], least = largest, magnitude = 0.0f;
            for (size_t r = 3 * i; r < 3 * i + 3; r++) {
                largest = fmaxf(largest, x[2 * r * n + j]);
                least = fminf(least, x[2 * r * n + j]);
                magnitude = fmaxf(magnitude, fabsf(x[(2 * r + 1) * n + j]));
            }
            ok &= y[3 * i * n + j] == largest && y[(3 * i + 1) * n + j] == least &&
                  y[(3 * i + 2) * n + j] == magnitude;
        }
    expect(ok, "m %zu n %zu data %d", m, n, (int)data);
}

void check_extremes_pool3(const struct check *t) {
    each_shape(t, extremes_pool3);
}

/* By the formula, and, of the extremes of three rows, the bits of abs_max_pool3. */
static void abs_max_extremes(const struct check *t, size_t m, size_t n, enum data data,
                             enum placement place) {
    static const float scales[] = {0.7f, -1234.5f};
    const size_t size = m * 2 * n;
    const float *x = random_floats(3 * size, data, place);
    float *shift = random_floats(2 * n, MIXED, place), *extremes = guarded_floats(m * 3 * n, place);
    float *y = guarded_floats(size, place), *whole = guarded_floats(size, place);
    memset(shift + n, 0, n * sizeof *shift);
    t->k.extremes_pool3(extremes, x, m, n);
    for (size_t s = 0; s < COUNT(scales); s++) {
        const double scale = scales[s];
        t->k.abs_max_extremes(y, extremes, scales[s], shift, m, n);
        t->k.abs_max_pool3(whole, x, scales[s], shift, m, 2 * n);
        expect(same_bits(y, whole, size * sizeof *y), "m %zu n %zu: not the bits of abs_max_pool3",
               m, n);
        bool ok = true;
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++) {
                const float *e = extremes + i * 3 * n + j;
                const double a = fabs(e[0] * scale + shift[j]), b = fabs(e[n] * scale + shift[j]);
                ok &= close_to(y[2 * i * n + j], fmax(a, b),
                               fmax(a, b) + 2.0 * fabs((double)shift[j]));
                ok &= close_to(y[(2 * i + 1) * n + j], fabs(e[2 * n] * scale),
                               fabs(e[2 * n] * scale));
            }
        expect(ok, "m %zu n %zu data %d scale %g", m, n, (int)data, scale);
    }
}

void check_abs_max_extremes(const struct check *t) {
    each_shape(t, abs_max_extremes);
}

/* ---- instance_norm, norm_leaky ---- */

/* The two together against the definition. */
static void check_norm(const struct check *t, const float *x, size_t m, size_t n,
                       enum placement place, const char *what) {
    const float *weight = random_floats(n, UNIFORM, place),
                *bias = random_floats(n, UNIFORM, place);
    float *y = guarded_floats(m * n, place);
    struct dr_instance_norm norm, by_c;
    memset(&norm, 0, sizeof norm);
    memset(&by_c, 0, sizeof by_c);
    t->k.instance_norm(&norm, x, weight, bias, m, n);
    t->c.instance_norm(&by_c, x, weight, bias, m, n);
    t->k.norm_leaky(y, (ptrdiff_t)n, x, (ptrdiff_t)n, &norm, m, n);

    double worst = 0.0;
    for (size_t j = 0; j < n; j++) {
        double mean = 0.0, variance = 0.0;
        for (size_t i = 0; i < m; i++)
            mean += x[i * n + j] / (double)m;
        for (size_t i = 0; i < m; i++)
            variance += (x[i * n + j] - mean) * (x[i * n + j] - mean) / (double)m;
        for (size_t i = 0; i < m; i++) {
            const double v = (x[i * n + j] - mean) / sqrt(variance + 1e-5) * weight[j] + bias[j];
            worst = fmax(worst, fabs(y[i * n + j] - (v > 0.0 ? v : 0.01 * v)));
        }
    }
    expect(worst <= 1e-5, "%s, m %zu n %zu: off by %.2g, bound 1e-5", what, m, n, worst);
    expect(same_bits(&norm, &by_c, sizeof norm), "m %zu n %zu: not the norm of the C body", m, n);
}

void check_instance_norm(const struct check *t) {
    static const size_t ms[] = {1, 2, 7, 100}, ns[] = {1, 5, 16, 17, 60, 64, DR_NORM_COLUMNS};
    for (size_t a = 0; a < COUNT(ms); a++)
        for (size_t b = 0; b < COUNT(ns); b++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                const size_t m = ms[a], n = ns[b];
                float *offset = random_floats(m * n, UNIFORM, (enum placement)place);
                float *constant = guarded_floats(m * n, (enum placement)place);
                for (size_t i = 0; i < m * n; i++) {
                    offset[i] = 10.0f + offset[i];
                    constant[i] = 123.456f;
                }
                check_norm(t, offset, m, n, (enum placement)place, "mean of 17 deviations");
                check_norm(t, constant, m, n, (enum placement)place, "constant");
                for (int data = 0; data < NUM_DATA; data++)
                    check_norm(t, random_floats(m * n, (enum data)data, (enum placement)place), m,
                               n, (enum placement)place, "random");
                release_all();
            }
    check_norm(t, random_floats(5321 * 60, UNIFORM, AT_END), 5321, 60, AT_END, "long");
}

/* Rows with gaps, whose elements stay; more in check_norm. */
static void norm_leaky(const struct check *t, size_t m, size_t n, enum data data,
                       enum placement place) {
    if (n > DR_NORM_COLUMNS)
        return;
    const size_t ldx = n + 2, ldy = n + GAP;
    const float *x = random_floats(last_element(m, (ptrdiff_t)ldx, n), data, place);
    float *y = guarded_floats(last_element(m, (ptrdiff_t)ldy, n), place);
    struct dr_instance_norm norm;
    for (size_t j = 0; j < n; j++) {
        norm.mean[j] = (float)uniform();
        norm.factor[j] = (float)uniform();
        norm.shift[j] = (float)uniform();
    }
    t->k.norm_leaky(y, (ptrdiff_t)ldy, x, (ptrdiff_t)ldx, &norm, m, n);
    bool ok = true;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < ldy && i * ldy + j < last_element(m, (ptrdiff_t)ldy, n); j++) {
            const double at = j < n ? (double)x[i * ldx + j] : 0.0;
            const double product = (at - (double)norm.mean[j % n]) * (double)norm.factor[j % n];
            const double v = product + (double)norm.shift[j % n];
            const double power = (fabs(at) + 1.0) * fabs((double)norm.factor[j % n]) + 1.0;
            ok &= j < n ? close_to(y[i * ldy + j], v > 0.0 ? v : 0.01 * v, power)
                        : y[i * ldy + j] == 0.0f;
        }
    expect(ok, "m %zu n %zu data %d", m, n, (int)data);
}

void check_norm_leaky(const struct check *t) {
    each_shape(t, norm_leaky);
}

/* ---- add_rows, scale_columns, pool_sums ---- */

static void add_rows(const struct check *t, size_t m, size_t n, enum data data,
                     enum placement place) {
    const size_t ldx = n + 1;
    const float *x = random_floats((m - 1) * ldx + n, data, place);
    float *sum = random_floats(n, UNIFORM, place);
    const float *before = copy_floats(sum, n, AT_END);
    float *c = copy_floats(sum, n, place);
    t->k.add_rows(sum, x, (ptrdiff_t)ldx, m, n);
    t->c.add_rows(c, x, (ptrdiff_t)ldx, m, n);

    bool ok = true;
    for (size_t j = 0; j < n; j++) {
        double expected = before[j], terms = fabs((double)before[j]);
        for (size_t i = 0; i < m; i++) {
            expected += x[i * ldx + j];
            terms += fabs((double)x[i * ldx + j]);
        }
        ok &= close_to(sum[j], expected, terms * (double)m);
    }
    expect(ok, "m %zu n %zu data %d", m, n, (int)data);
    expect(same_bits(sum, c, n * sizeof *c), "m %zu n %zu: not the bits of the C body", m, n);
}

void check_add_rows(const struct check *t) {
    each_shape(t, add_rows);
}

static void scale_columns(const struct check *t, size_t m, size_t n, enum data data,
                          enum placement place) {
    const size_t ldx = n + 3, size = (m - 1) * ldx + n;
    float *x = random_floats(size, data, place);
    const float *factor = random_floats(n, MIXED, place), *before = copy_floats(x, size, AT_END);
    t->k.scale_columns(x, (ptrdiff_t)ldx, factor, m, n);
    bool ok = true;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < ldx && i * ldx + j < size; j++) {
            const double expected = before[i * ldx + j] * (j < n ? (double)factor[j] : 1.0);
            ok &= close_to(x[i * ldx + j], expected, fabs(expected));
        }
    expect(ok, "m %zu n %zu data %d", m, n, (int)data);
}

void check_scale_columns(const struct check *t) {
    each_shape(t, scale_columns);
}

static void pool_sums(const struct check *t, size_t m, size_t n, enum data data,
                      enum placement place) {
    const size_t ldx = n + 1;
    const float *x = random_floats((m - 1) * ldx + n, data, place);
    unsigned char *keep = guarded(m, AT_END);
    double *sum = guarded(n * sizeof *sum, AT_END), *squares = guarded(n * sizeof *sum, AT_END);
    for (size_t i = 0; i < m; i++)
        keep[i] = uniform() < 0.5 ? 0 : (unsigned char)(1 + i % 255);
    for (size_t j = 0; j < n; j++)
        sum[j] = squares[j] = 0.25;
    t->k.pool_sums(sum, squares, x, (ptrdiff_t)ldx, keep, m, n);

    bool ok = true;
    for (size_t j = 0; j < n; j++) {
        double expected = 0.25, terms = 0.25, expected_squares = 0.25;
        for (size_t i = 0; i < m; i++) {
            const double v = keep[i] ? x[i * ldx + j] : 0.0;
            expected += v;
            terms += fabs(v);
            expected_squares += v * v;
        }
        ok &= fabs(sum[j] - expected) <= 1e-14 * terms * (double)m;
        ok &= fabs(squares[j] - expected_squares) <= 1e-14 * expected_squares * (double)m;
    }
    expect(ok, "m %zu n %zu data %d", m, n, (int)data);
}

void check_pool_sums(const struct check *t) {
    each_shape(t, pool_sums);
}

/* ---- bench: the shapes of the networks ---- */

struct operands {
    float *x, *y;
    const float *scale, *shift;
    double *sums;
    const unsigned char *keep;
    struct dr_instance_norm *norm;
    size_t m, n;
};

static struct operands make_operands(size_t m, size_t n) {
    unsigned char *keep = guarded(m, AT_START);
    memset(keep, 1, m);
    /* Factors of one: repeated runs must not drift into denormal numbers. */
    float *one = guarded_floats(n, AT_START);
    for (size_t j = 0; j < n; j++)
        one[j] = 1.0f;
    return (struct operands){random_floats(m * n, UNIFORM, AT_START),
                             guarded_floats(m * n, AT_START),
                             one,
                             random_floats(n, UNIFORM, AT_START),
                             guarded(2 * n * sizeof(double), AT_START),
                             keep,
                             guarded(sizeof(struct dr_instance_norm), AT_START),
                             m,
                             n};
}

#define BENCH(slot, rows, columns, arguments)                                               \
    DEFINE_BENCH(slot, #rows " x " #columns, struct operands, make_operands(rows, columns), \
                 arguments)
#define STRIDE ((ptrdiff_t)o->n)

BENCH(scale_shift_relu, 150, 512, (o->y, STRIDE, o->x, STRIDE, o->scale, o->shift, o->m, o->n))
BENCH(max_pool3, 1773, 60, (o->y, o->x, o->m / 3, o->n))
BENCH(instance_norm, 5325, 80, (o->norm, o->x, o->scale, o->shift, o->m, o->n))
BENCH(norm_leaky, 589, 60, (o->y, STRIDE, o->x, STRIDE, o->norm, o->m, o->n))
BENCH(add_rows, 100, 128, (o->y, o->x, STRIDE, o->m, o->n))
BENCH(scale_columns, 100, 32, (o->x, STRIDE, o->scale, o->m, o->n))
BENCH(pool_sums, 150, 512, (o->sums, o->sums + o->n, o->x, STRIDE, o->keep, o->m, o->n))
BENCH(abs_max_pool3, 1773, 80, (o->y, o->x, 1.0f, o->shift, o->m / 3, o->n))
BENCH(extremes_pool3, 1773, 80, (o->y, o->x, o->m / 3, o->n / 2))
BENCH(abs_max_extremes, 1773, 80, (o->y, o->x, 1.0f, o->shift, o->m / 3, o->n / 2))
