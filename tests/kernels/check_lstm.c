/* check_lstm.c - one LSTM step against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "lstm_checks.h"

static double float_h(const void *h, size_t at) {
    return (double)((const float *)h)[at];
}

static void run_step(const struct dr_kernels *k, const void *step, const struct batch *b) {
    struct dr_lstm_step s = *(const struct dr_lstm_step *)step;
    SET_BATCH(&s, b);
    k->lstm_step(&s);
}

static void *make_step(struct batch *b, double scale_x, enum placement place) {
    const size_t num_weights = GATES * b->hidden * b->hidden;
    b->h_prev = random_floats(make_batch(b, sizeof(float), scale_x, place), MIXED, place);
    const float *weight = random_weights(b->hidden);
    double *exact = guarded(num_weights * sizeof *exact, AT_START);
    for (size_t i = 0; i < num_weights; i++)
        exact[i] = (double)weight[i];
    b->weight = exact;
    struct dr_lstm_step *s = guarded(sizeof *s, AT_START);
    float *u = guarded_floats(num_weights, place);
    dr_pack_lstm(u, weight, b->hidden);
    s->u = u;
    return s;
}

static const struct step_kind kind = {sizeof(float), 2e-6, float_h, make_step, run_step};

/* Gates far out: they saturate, and nothing overflows on the way. */
static void check_saturation(const struct check *t) {
    static const float values[] = {-INFINITY, -1e30f, -90.0f, -21.0f, -0.0f,
                                   1e-40f,    21.0f,  90.0f,  1e30f,  INFINITY};
    static const float states[] = {0.0f, 1e-40f, -5.0f, 300.0f, -1e4f};
    struct batch b = {.size = COUNT(values), .hidden = 16};
    struct dr_lstm_step *step = make_step(&b, 0.0, AT_END);
    const size_t ldx = (size_t)b.ldx;
    float *x = guarded_floats(COUNT(values) * ldx, AT_END);
    b.x = x;
    step->u = guarded_floats(GATES * 16 * 16, AT_END);
    b.weight = guarded(GATES * 16 * 16 * sizeof *b.weight, AT_END);
    for (size_t state = 0; state < COUNT(states); state++)
        for (size_t gate = 0; gate < GATES; gate++) {
            for (size_t i = 0; i < COUNT(values); i++)
                for (size_t j = 0; j < 16; j++) {
                    for (size_t other = 0; other < GATES; other++)
                        x[i * ldx + other * 16 + j] =
                            other == gate ? values[i] : values[(i + j) % COUNT(values)];
                    b.c[i * 16 + j] = states[state];
                }
            check_step(t, &kind, step, &b, "saturated");
        }
}

void check_lstm_step(const struct check *t) {
    check_batches(t, &kind, 8.0);
    check_saturation(t);
}

void bench_lstm_step(const struct check *t) {
    bench_batches(t, &kind, "lstm_step");
}
