/* check_lstm16.c - one LSTM step with its state in 16 bits against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "lstm_checks.h"

static double int16_h(const void *h, size_t at) {
    return (double)((const int16_t *)h)[at] / DR_LSTM_UNIT;
}

static void run_step(const struct dr_kernels *k, const void *step, const struct batch *b) {
    struct dr_lstm_step16 s = *(const struct dr_lstm_step16 *)step;
    SET_BATCH(&s, b);
    k->lstm_step16(&s);
}

static int16_t *random_units(size_t n, enum placement place) {
    int16_t *h = guarded(n * sizeof *h, place);
    for (size_t i = 0; i < n; i++)
        h[i] = (int16_t)lrint(uniform() * DR_LSTM_UNIT);
    return h;
}

/* The packed weights in PyTorch's order: they are off by half a unit of their row, which is checked
 * here. */
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

static void *make_step(struct batch *b, double scale_x, enum placement place) {
    b->h_prev = random_units(make_batch(b, sizeof(int16_t), scale_x, place), place);
    const float *weight = random_weights(b->hidden);
    struct dr_lstm_step16 *s = guarded(sizeof *s, AT_START);
    int16_t *u = guarded(GATES * b->hidden * b->hidden * sizeof *u, place);
    float *u_scale = guarded_floats(GATES * b->hidden, place);
    dr_pack_lstm16(u, u_scale, weight, b->hidden);
    s->u = u;
    s->u_scale = u_scale;
    b->weight = unpack(s, weight, b->hidden);
    return s;
}

/* Half a unit is rounding, the rest 4e-6 of the largest h. */
static const struct step_kind kind = {sizeof(int16_t), 0.53 / DR_LSTM_UNIT, int16_h, make_step,
                                      run_step};

void check_lstm_step16(const struct check *t) {
    check_batches(t, &kind, 60.0);
}

void bench_lstm_step16(const struct check *t) {
    bench_batches(t, &kind, "lstm_step16");
}
