/* lstm_checks.c - what an LSTM step has to keep, whatever its numbers are.
 * SPDX-License-Identifier: MIT */
#include "lstm_checks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define C_BOUND 4e-6

static float *scaled_floats(size_t n, double scale, enum placement place) {
    float *x = random_floats(n, UNIFORM, place);
    for (size_t i = 0; i < n; i++)
        x[i] *= (float)scale;
    return x;
}

size_t make_batch(struct batch *b, size_t h_bytes, double scale_x, enum placement place) {
    b->ldx = (ptrdiff_t)(GATES * b->hidden + 5);
    b->ldh_prev = (ptrdiff_t)(2 * b->hidden + 3);
    b->ldh = (ptrdiff_t)(2 * b->hidden + 1);
    b->x = scaled_floats(last_element(b->size, b->ldx, GATES * b->hidden), scale_x, place);
    b->c = random_floats(b->size * b->hidden, UNIFORM, place);
    b->h = guarded(last_element(b->size, b->ldh, b->hidden) * h_bytes, place);
    return last_element(b->size, b->ldh_prev, b->hidden);
}

float *random_weights(size_t hidden) {
    return scaled_floats(GATES * hidden * hidden, 0.3, AT_END);
}

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static double gate_sum(const struct step_kind *kind, const struct batch *b, size_t i, size_t gate,
                       size_t unit) {
    const size_t block = unit / 16, lane = unit % 16, row = gate * b->hidden + unit;
    double sum = (double)b->x[i * (size_t)b->ldx + (block * GATES + gate) * 16 + lane];
    for (size_t k = 0; k < b->hidden; k++)
        sum += b->weight[row * b->hidden + k] * kind->h(b->h_prev, i * (size_t)b->ldh_prev + k);
    return sum;
}

/* The largest differences from the formula; infinite where something is not a number. */
struct worst {
    double h, c;
};

static double larger(double worst, double got, double expected, double unit) {
    return isfinite(got) ? fmax(worst, fabs(got - expected) / unit) : INFINITY;
}

static void compare(struct worst *worst, const struct step_kind *kind, const struct batch *b,
                    const float *c_before, size_t i, size_t unit) {
    double gate[GATES];
    for (size_t g = 0; g < GATES; g++)
        gate[g] = gate_sum(kind, b, i, g, unit);
    const size_t at = i * b->hidden + unit;
    const double c = sigmoid(gate[1]) * (double)c_before[at] + sigmoid(gate[0]) * tanh(gate[2]);
    worst->h =
        larger(worst->h, kind->h(b->h, i * (size_t)b->ldh + unit), sigmoid(gate[3]) * tanh(c), 1.0);
    worst->c = larger(worst->c, (double)b->c[at], c, fmax(1.0, fabs(c)));
}

void check_step(const struct check *t, const struct step_kind *kind, const void *step,
                const struct batch *b, const char *what) {
    const float *c_before = copy_floats(b->c, b->size * b->hidden, AT_END);
    struct worst worst = {0.0, 0.0};
    kind->run(&t->k, step, b);
    for (size_t i = 0; i < b->size; i++)
        for (size_t unit = 0; unit < b->hidden; unit++)
            compare(&worst, kind, b, c_before, i, unit);
    expect(worst.h <= kind->h_bound, "%s, batch %zu hidden %zu: h is off by %.2g, bound %.2g", what,
           b->size, b->hidden, worst.h, kind->h_bound);
    expect(worst.c <= C_BOUND, "%s, batch %zu hidden %zu: c is off by %.2g, bound %.2g", what,
           b->size, b->hidden, worst.c, C_BOUND);

    bool gaps_kept = true;
    for (size_t i = 0; i + 1 < b->size; i++)
        for (size_t j = b->hidden; j < (size_t)b->ldh; j++)
            gaps_kept &= kind->h(b->h, i * (size_t)b->ldh + j) == 0.0;
    expect(gaps_kept, "%s, batch %zu: it wrote between rows of h", what, b->size);
}

/* Sequences [first, first + size), with c and h in these arrays of the whole batch. */
static struct batch part_of(const struct batch *b, const struct step_kind *kind, size_t first,
                            size_t size, float *c, void *h) {
    struct batch part = *b;
    part.size = size;
    part.x += (ptrdiff_t)first * b->ldx;
    part.h_prev = (const char *)b->h_prev + first * (size_t)b->ldh_prev * kind->h_bytes;
    part.c = c + first * b->hidden;
    part.h = (char *)h + first * (size_t)b->ldh * kind->h_bytes;
    return part;
}

/* A batch in parts must give the same bits as in one call. */
static void check_split(const struct check *t, const struct step_kind *kind, const void *step,
                        const struct batch *b) {
    const size_t num_c = b->size * b->hidden;
    const size_t bytes_h = last_element(b->size, b->ldh, b->hidden) * kind->h_bytes;
    const float *c_before = copy_floats(b->c, num_c, AT_END);
    kind->run(&t->k, step, b);
    for (size_t rows = 1; rows < b->size; rows++) {
        float *c = copy_floats(c_before, num_c, AT_END);
        void *h = guarded(bytes_h, AT_END);
        for (size_t i = 0; i < b->size; i += rows) {
            const size_t size = b->size - i < rows ? b->size - i : rows;
            const struct batch part = part_of(b, kind, i, size, c, h);
            kind->run(&t->k, step, &part);
        }
        expect(!memcmp(h, b->h, bytes_h) && !memcmp(c, b->c, num_c * sizeof *c),
               "batch %zu: other bits in calls of %zu sequences", b->size, rows);
    }
}

void check_batches(const struct check *t, const struct step_kind *kind, double scale_x) {
    static const size_t batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13};
    static const size_t sizes[] = {16, 32, 48, 128};
    for (size_t i = 0; i < COUNT(batches); i++)
        for (size_t j = 0; j < COUNT(sizes); j++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                struct batch b = {.size = batches[i], .hidden = sizes[j]};
                const void *step =
                    kind->make(&b, place == AT_END ? 0.5 : scale_x, (enum placement)place);
                check_step(t, kind, step, &b, "random");
                release_all();
            }
    struct batch b = {.size = 13, .hidden = 128};
    const void *step = kind->make(&b, 1.0, AT_END);
    check_split(t, kind, step, &b);
    release_all();
}

/* ---- bench ---- */

struct work {
    const struct step_kind *kind;
    const void *step;
    struct batch b;
};

static void run(void *call) {
    const struct bench_call *c = call;
    const struct work *w = c->argument;
    w->kind->run(c->k, w->step, &w->b);
}

void bench_batches(const struct check *t, const struct step_kind *kind, const char *slot) {
    static const size_t batches[] = {1, 6, 12}, hidden = 128;
    for (size_t i = 0; i < COUNT(batches); i++) {
        struct work w = {.kind = kind, .b = {.size = batches[i], .hidden = hidden}};
        char shape[40];
        w.step = kind->make(&w.b, 1.0, AT_START);
        snprintf(shape, sizeof shape, "batch %zu, hidden %zu", batches[i], hidden);
        bench_row(t, slot, shape, 2.0 * (double)(batches[i] * GATES * hidden * hidden), run, &w);
        release_all();
    }
}
