/* check_lstm16.c - one LSTM step with its state in 16 bits against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkkern.h"

#define GATES 4
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* A step, and its weights as the integers say them, in PyTorch's order. */
struct layer {
    struct dr_lstm_step16 s;
    double *weight; /* [4*hidden][hidden] */
};

static int16_t *random_units(size_t n, enum placement place) {
    int16_t *h = guarded(n * sizeof *h, place);
    for (size_t i = 0; i < n; i++)
        h[i] = (int16_t)lrint(uniform() * DR_LSTM_UNIT);
    return h;
}

/* Reads the weights back: they are off by half a unit of their row, which is checked here. */
static void unpack(struct layer *l, const float *weight) {
    const size_t hidden = l->s.hidden, width = GATES * DR_PANEL;
    double worst = 0.0;
    for (size_t j = 0; j < GATES * hidden; j++)
        for (size_t k = 0; k < hidden; k++) {
            const size_t row = dr_lstm_gate_column(j, hidden);
            const int16_t *block = l->s.u + j / width * width * hidden;
            const int w = block[k / 2 * 2 * width + j % width * 2 + k % 2];
            const double unit = (double)l->s.u_scale[j] * DR_LSTM_UNIT;
            l->weight[row * hidden + k] = unit * w;
            worst = fmax(worst, fabs(weight[row * hidden + k] / unit - w));
        }
    expect(worst <= 0.505, "hidden %zu: a weight is off by %.3f units", hidden, worst);
}

static void make_layer(struct layer *l, size_t batch, size_t hidden, double scale_x,
                       enum placement place) {
    struct dr_lstm_step16 *s = &l->s;
    *s = (struct dr_lstm_step16){.batch = batch, .hidden = hidden};
    s->ldx = (ptrdiff_t)(GATES * hidden + 5);
    s->ldh_prev = (ptrdiff_t)(2 * hidden + 3);
    s->ldh = (ptrdiff_t)(2 * hidden + 1);
    const size_t size_x = (batch - 1) * (size_t)s->ldx + GATES * hidden;
    float *x = random_floats(size_x, UNIFORM, place);
    for (size_t i = 0; i < size_x; i++)
        x[i] *= (float)scale_x;
    s->x = x;
    s->h_prev = random_units((batch - 1) * (size_t)s->ldh_prev + hidden, place);
    const size_t size_u = GATES * hidden * hidden;
    float *weight = random_floats(size_u, UNIFORM, AT_END);
    for (size_t i = 0; i < size_u; i++)
        weight[i] *= 0.3f;
    int16_t *u = guarded(size_u * sizeof *u, place);
    float *u_scale = guarded_floats(GATES * hidden, place);
    dr_pack_lstm16(u, u_scale, weight, hidden);
    s->u = u;
    s->u_scale = u_scale;
    s->c = random_floats(batch * hidden, UNIFORM, place);
    s->h = guarded(((batch - 1) * (size_t)s->ldh + hidden) * sizeof *s->h, place);
    l->weight = guarded(size_u * sizeof *l->weight, AT_START);
    unpack(l, weight);
}

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static double gate_sum(const struct layer *l, size_t i, size_t gate, size_t unit) {
    const struct dr_lstm_step16 *s = &l->s;
    const size_t block = unit / 16, lane = unit % 16, row = gate * s->hidden + unit;
    double sum = s->x[i * (size_t)s->ldx + (block * GATES + gate) * 16 + lane];
    for (size_t k = 0; k < s->hidden; k++)
        sum +=
            l->weight[row * s->hidden + k] * s->h_prev[i * (size_t)s->ldh_prev + k] / DR_LSTM_UNIT;
    return sum;
}

static void check_layer(const struct check *t, const struct layer *l) {
    const struct dr_lstm_step16 *s = &l->s;
    const float *c_before = copy_floats(s->c, s->batch * s->hidden, AT_END);
    double worst_h = 0.0, worst_c = 0.0;

    t->k.lstm_step16(s);
    for (size_t i = 0; i < s->batch; i++)
        for (size_t unit = 0; unit < s->hidden; unit++) {
            const double g[GATES] = {gate_sum(l, i, 0, unit), gate_sum(l, i, 1, unit),
                                     gate_sum(l, i, 2, unit), gate_sum(l, i, 3, unit)};
            const double c =
                sigmoid(g[1]) * c_before[i * s->hidden + unit] + sigmoid(g[0]) * tanh(g[2]);
            const double h = DR_LSTM_UNIT * sigmoid(g[3]) * tanh(c);
            worst_h = fmax(worst_h, fabs(s->h[i * (size_t)s->ldh + unit] - h));
            worst_c = fmax(worst_c, fabs(s->c[i * s->hidden + unit] - c) / fmax(1.0, fabs(c)));
        }
    /* Half a unit is rounding, the rest 4e-6 of the largest h. */
    expect(worst_h <= 0.53, "batch %zu hidden %zu: h is off by %.3f units", s->batch, s->hidden,
           worst_h);
    expect(worst_c <= 4e-6, "batch %zu hidden %zu: c is off by %.2g", s->batch, s->hidden, worst_c);

    bool gaps_kept = true;
    for (size_t i = 0; i + 1 < s->batch; i++)
        for (size_t j = s->hidden; j < (size_t)s->ldh; j++)
            gaps_kept &= s->h[i * (size_t)s->ldh + j] == 0;
    expect(gaps_kept, "batch %zu: it wrote between rows of h", s->batch);
}

/* A batch in parts must give the same bits as in one call. */
static void check_split(const struct check *t, size_t batch, size_t hidden) {
    struct layer l;
    make_layer(&l, batch, hidden, 1.0, AT_END);
    const struct dr_lstm_step16 s = l.s;
    const float *c = copy_floats(s.c, batch * hidden, AT_END);
    const size_t bytes_h = ((batch - 1) * (size_t)s.ldh + hidden) * sizeof *s.h;
    t->k.lstm_step16(&s);
    for (size_t rows = 1; rows < batch; rows++) {
        struct dr_lstm_step16 part = s;
        part.c = copy_floats(c, batch * hidden, AT_END);
        part.h = guarded(bytes_h, AT_END);
        const float *part_c = part.c;
        const int16_t *part_h = part.h;
        for (size_t i = 0; i < batch; i += rows) {
            part.batch = batch - i < rows ? batch - i : rows;
            t->k.lstm_step16(&part);
            part.x += (ptrdiff_t)rows * s.ldx;
            part.h_prev += (ptrdiff_t)rows * s.ldh_prev;
            part.c += rows * hidden;
            part.h += (ptrdiff_t)rows * s.ldh;
        }
        expect(!memcmp(part_h, s.h, bytes_h) &&
                   !memcmp(part_c, s.c, batch * hidden * sizeof(float)),
               "batch %zu: other bits in calls of %zu sequences", batch, rows);
    }
}

void check_lstm_step16(const struct check *t) {
    static const size_t batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13};
    static const size_t sizes[] = {16, 32, 48, 128};
    for (size_t b = 0; b < COUNT(batches); b++)
        for (size_t h = 0; h < COUNT(sizes); h++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                struct layer l;
                make_layer(&l, batches[b], sizes[h], place == AT_END ? 0.5 : 60.0,
                           (enum placement)place);
                check_layer(t, &l);
                release_all();
            }
    check_split(t, 13, 128);
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
