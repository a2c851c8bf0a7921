/* check_lstm.c - one LSTM step against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "lstm_checks.h"

/* A step, and its weights in PyTorch's order. */
struct layer {
    struct dr_lstm_step s;
    struct batch b;
};

static double float_h(const void *h, size_t at) {
    return (double)((const float *)h)[at];
}

static void run_step(const struct dr_kernels *k, const void *step, const struct batch *b) {
    struct dr_lstm_step s = *(const struct dr_lstm_step *)step;
    SET_BATCH(&s, b);
    k->lstm_step(&s);
}

static const struct step_kind kind = {sizeof(float), 2e-6, float_h, run_step};

static void make_layer(struct layer *l, size_t batch, size_t hidden, double scale_x,
                       enum data h_prev, enum placement place) {
    const size_t num_weights = GATES * hidden * hidden;
    l->b = (struct batch){.size = batch, .hidden = hidden};
    l->b.h_prev = random_floats(make_batch(&l->b, &kind, scale_x, place), h_prev, place);
    const float *weight = random_weights(hidden);
    double *exact = guarded(num_weights * sizeof *exact, AT_START);
    for (size_t i = 0; i < num_weights; i++)
        exact[i] = (double)weight[i];
    l->b.weight = exact;
    float *u = guarded_floats(num_weights, place);
    dr_pack_lstm(u, weight, hidden);
    l->s.u = u;
    SET_BATCH(&l->s, &l->b);
}

/* Gates far out: they saturate, and nothing overflows on the way. */
static void check_saturation(const struct check *t) {
    static const float values[] = {-INFINITY, -1e30f, -90.0f, -21.0f, -0.0f,
                                   1e-40f,    21.0f,  90.0f,  1e30f,  INFINITY};
    static const float states[] = {0.0f, 1e-40f, -5.0f, 300.0f, -1e4f};
    struct layer l;
    make_layer(&l, COUNT(values), 16, 0.0, UNIFORM, AT_END);
    const size_t ldx = (size_t)l.b.ldx;
    float *x = guarded_floats(COUNT(values) * ldx, AT_END);
    l.b.x = x;
    l.s.u = guarded_floats(GATES * 16 * 16, AT_END);
    l.b.weight = guarded(GATES * 16 * 16 * sizeof *l.b.weight, AT_END);
    for (size_t state = 0; state < COUNT(states); state++)
        for (size_t gate = 0; gate < GATES; gate++) {
            for (size_t i = 0; i < COUNT(values); i++)
                for (size_t j = 0; j < 16; j++) {
                    for (size_t other = 0; other < GATES; other++)
                        x[i * ldx + other * 16 + j] =
                            other == gate ? values[i] : values[(i + j) % COUNT(values)];
                    l.b.c[i * 16 + j] = states[state];
                }
            check_step(t, &kind, &l.s, &l.b, "saturated");
        }
}

void check_lstm_step(const struct check *t) {
    static const size_t batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13};
    static const size_t sizes[] = {16, 32, 48, 128};
    struct layer l;
    for (size_t b = 0; b < COUNT(batches); b++)
        for (size_t h = 0; h < COUNT(sizes); h++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                make_layer(&l, batches[b], sizes[h], place == AT_END ? 0.5 : 8.0, MIXED,
                           (enum placement)place);
                check_step(t, &kind, &l.s, &l.b, "random");
                release_all();
            }
    check_saturation(t);
    release_all();
    make_layer(&l, 13, 128, 1.0, UNIFORM, AT_END);
    check_batch_split(t, &kind, &l.s, &l.b);
}

static void run(void *call) {
    const struct bench_call *b = call;
    b->k->lstm_step(b->argument);
}

void bench_lstm_step(const struct check *t) {
    static const size_t batches[] = {1, 6, 12};
    for (size_t i = 0; i < COUNT(batches); i++) {
        struct layer l;
        char shape[40];
        make_layer(&l, batches[i], 128, 1.0, UNIFORM, AT_START);
        snprintf(shape, sizeof shape, "batch %zu, hidden 128", batches[i]);
        bench_row(t, "lstm_step", shape, 2.0 * (double)batches[i] * GATES * 128 * 128, run, &l.s);
        release_all();
    }
}
