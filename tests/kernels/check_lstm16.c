/* check_lstm16.c - one LSTM step with its state in 16 bits against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "lstm_checks.h"

/* A step, and its weights as the integers say them, in PyTorch's order. */
struct layer {
    struct dr_lstm_step16 s;
    struct batch b;
};

static double int16_h(const void *h, size_t at) {
    return (double)((const int16_t *)h)[at] / DR_LSTM_UNIT;
}

static void run_step(const struct dr_kernels *k, const void *step, const struct batch *b) {
    struct dr_lstm_step16 s = *(const struct dr_lstm_step16 *)step;
    SET_BATCH(&s, b);
    k->lstm_step16(&s);
}

/* Half a unit is rounding, the rest 4e-6 of the largest h. */
static const struct step_kind kind = {sizeof(int16_t), 0.53 / DR_LSTM_UNIT, int16_h, run_step};

static int16_t *random_units(size_t n, enum placement place) {
    int16_t *h = guarded(n * sizeof *h, place);
    for (size_t i = 0; i < n; i++)
        h[i] = (int16_t)lrint(uniform() * DR_LSTM_UNIT);
    return h;
}

/* The packed weights: they are off by half a unit of their row, which is checked here. */
static double *unpack(const struct dr_lstm_step16 *s, const float *weight, size_t hidden) {
    const size_t width = GATES * DR_PANEL;
    double *unpacked = guarded(GATES * hidden * hidden * sizeof *unpacked, AT_START), worst = 0.0;
    for (size_t j = 0; j < GATES * hidden; j++)
        for (size_t k = 0; k < hidden; k++) {
            const size_t row = dr_lstm_gate_column(j, hidden);
            const int16_t *block = s->u + j / width * width * hidden;
            const int w = block[k / 2 * 2 * width + j % width * 2 + k % 2];
            const double unit = (double)s->u_scale[j] * DR_LSTM_UNIT;
            unpacked[row * hidden + k] = unit * w;
            worst = fmax(worst, fabs((double)weight[row * hidden + k] / unit - w));
        }
    expect(worst <= 0.505, "hidden %zu: a weight is off by %.3f units", hidden, worst);
    return unpacked;
}

static void make_layer(struct layer *l, size_t batch, size_t hidden, double scale_x,
                       enum placement place) {
    l->b = (struct batch){.size = batch, .hidden = hidden};
    l->b.h_prev = random_units(make_batch(&l->b, &kind, scale_x, place), place);
    const float *weight = random_weights(hidden);
    int16_t *u = guarded(GATES * hidden * hidden * sizeof *u, place);
    float *u_scale = guarded_floats(GATES * hidden, place);
    dr_pack_lstm16(u, u_scale, weight, hidden);
    l->s.u = u;
    l->s.u_scale = u_scale;
    l->b.weight = unpack(&l->s, weight, hidden);
    SET_BATCH(&l->s, &l->b);
}

void check_lstm_step16(const struct check *t) {
    static const size_t batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13};
    static const size_t sizes[] = {16, 32, 48, 128};
    struct layer l;
    for (size_t b = 0; b < COUNT(batches); b++)
        for (size_t h = 0; h < COUNT(sizes); h++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                make_layer(&l, batches[b], sizes[h], place == AT_END ? 0.5 : 60.0,
                           (enum placement)place);
                check_step(t, &kind, &l.s, &l.b, "random");
                release_all();
            }
    make_layer(&l, 13, 128, 1.0, AT_END);
    check_batch_split(t, &kind, &l.s, &l.b);
}

static void run(void *call) {
    const struct bench_call *b = call;
    b->k->lstm_step16(b->argument);
}

void bench_lstm_step16(const struct check *t) {
    static const size_t batches[] = {1, 6, 12};
    for (size_t i = 0; i < COUNT(batches); i++) {
        struct layer l;
        char shape[40];
        make_layer(&l, batches[i], 128, 1.0, AT_START);
        snprintf(shape, sizeof shape, "batch %zu, hidden 128", batches[i]);
        bench_row(t, "lstm_step16", shape, 2.0 * (double)batches[i] * GATES * 128 * 128, run, &l.s);
        release_all();
    }
}
