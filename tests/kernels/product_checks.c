/* product_checks.c - what every matrix product has to keep, whatever its numbers are.
 * SPDX-License-Identifier: MIT */
#include "product_checks.h"

#include <math.h>
#include <string.h>

void make_output(struct output *o, unsigned with, enum data data, enum placement place) {
    o->ldc = (ptrdiff_t)o->n + GAP;
    o->ldr = with & 4 ? o->ldc : (ptrdiff_t)o->n;
    o->c = random_floats(last_element(o->m, o->ldc, o->n), UNIFORM, place);
    o->bias = with & 1 ? random_floats(DR_PADDED(o->n), data, place) : NULL;
    if (with & 2)
        o->residual =
            with & 4 ? o->c : random_floats(last_element(o->m, o->ldr, o->n), data, place);
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

/* The power is that of the terms: sums that happen to cancel to nothing would otherwise be held to
 * more digits than a float has. */
static void add_error(struct nmse *e, const struct product_kind *kind, const void *product,
                      const struct output *o, const float *residual, size_t i, size_t j) {
    const double bias = o->bias ? (double)o->bias[j] : 0.0;
    const double r = residual ? (double)residual[i * (size_t)o->ldr + j] : 0.0;
    const double sum = kind->dot(product, i, j, &e->power);
    const double error = (double)o->c[i * (size_t)o->ldc + j] - activate(sum + bias + r, o->act);
    e->power += bias * bias + r * r;
    e->error += error * error;
}

void check_output(const struct check *t, const struct product_kind *kind, const void *product,
                  const struct output *o, double bound, const char *what) {
    const float *before = copy_floats(o->c, last_element(o->m, o->ldc, o->n), AT_END);
    const float *residual = o->residual == o->c ? before : o->residual;
    struct nmse e = {0, 0};
    kind->run(&t->k, product, 0, o);
    for (size_t i = 0; i < o->m; i++)
        for (size_t j = 0; j < o->n; j++)
            add_error(&e, kind, product, o, residual, i, j);
    expect(nmse_below(&e, bound), "m %zu n %zu %s: NMSE %.2g above %.0g", o->m, o->n, what,
           e.error / e.power, bound);

    bool gaps_kept = true;
    for (size_t i = 0; i + 1 < o->m; i++)
        for (size_t j = o->n; j < (size_t)o->ldc; j++)
            gaps_kept &= o->c[i * (size_t)o->ldc + j] == before[i * (size_t)o->ldc + j];
    expect(gaps_kept, "m %zu n %zu %s: it wrote between rows", o->m, o->n, what);
}

bool same_rows(const struct output *o, const float *a, const float *b) {
    bool same = true;
    for (size_t i = 0; i < o->m; i++)
        same &= !memcmp(a + i * (size_t)o->ldc, b + i * (size_t)o->ldc, o->n * sizeof(float));
    return same;
}

void check_row_split(const struct check *t, const struct product_kind *kind, const void *product,
                     const struct output *o) {
    kind->run(&t->k, product, 0, o);
    for (size_t rows = 1; rows < o->m; rows += rows < 16 ? 1 : 37) {
        float *c = guarded_floats(last_element(o->m, o->ldc, o->n), AT_END);
        for (size_t i = 0; i < o->m; i += rows) {
            struct output part = *o;
            part.m = o->m - i < rows ? o->m - i : rows;
            part.c = c + i * (size_t)o->ldc;
            part.residual = o->residual ? o->residual + i * (size_t)o->ldr : NULL;
            kind->run(&t->k, product, i, &part);
        }
        expect(same_rows(o, c, o->c), "m %zu n %zu: other bits in calls of %zu rows", o->m, o->n,
               rows);
    }
}
