/* check_lstm.c - one LSTM step against its formula in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkkern.h"

#define H_BOUND 2e-6
#define GATES 4
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* A step, and its weights in PyTorch's order. */
struct layer {
    struct dr_lstm_step s;
    const float *weight; /* [4*hidden][hidden] */
};

static void make_layer(struct layer *l, size_t batch, size_t hidden, double scale_x,
                       enum data h_prev, enum placement place) {
    struct dr_lstm_step *s = &l->s;
    *s = (struct dr_lstm_step){.batch = batch, .hidden = hidden};
    s->ldx = (ptrdiff_t)(GATES * hidden + 5);
    s->ldh_prev = (ptrdiff_t)(2 * hidden + 3);
    s->ldh = (ptrdiff_t)(2 * hidden + 1);

    float *x = random_floats((batch - 1) * (size_t)s->ldx + GATES * hidden, UNIFORM, place);
    for (size_t i = 0; i < (batch - 1) * (size_t)s->ldx + GATES * hidden; i++)
        x[i] *= (float)scale_x;
    s->x = x;
    s->h_prev = random_floats((batch - 1) * (size_t)s->ldh_prev + hidden, h_prev, place);
    float *weight = random_floats(GATES * hidden * hidden, UNIFORM, AT_END);
    for (size_t i = 0; i < GATES * hidden * hidden; i++)
        weight[i] *= 0.3f;
    float *u = guarded_floats(GATES * hidden * hidden, place);
    dr_pack_lstm(u, weight, hidden);
    l->weight = weight;
    s->u = u;
    s->c = random_floats(batch * hidden, UNIFORM, place);
    s->h = guarded_floats((batch - 1) * (size_t)s->ldh + hidden, place);
}

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

static double gate_sum(const struct layer *l, size_t i, size_t gate, size_t unit) {
    const struct dr_lstm_step *s = &l->s;
    const size_t block = unit / 16, lane = unit % 16, row = gate * s->hidden + unit;
    double sum = s->x[i * (size_t)s->ldx + (block * GATES + gate) * 16 + lane];
    for (size_t k = 0; k < s->hidden; k++)
        sum += (double)l->weight[row * s->hidden + k] * s->h_prev[i * (size_t)s->ldh_prev + k];
    return sum;
}

static void check_layer(const struct check *t, const struct layer *l, const char *what) {
    const struct dr_lstm_step *s = &l->s;
    const float *c_before = copy_floats(s->c, s->batch * s->hidden, AT_END);
    double worst_h = 0.0, worst_c = 0.0;
    bool finite = true;

    t->k.lstm_step(s);
    for (size_t i = 0; i < s->batch; i++)
        for (size_t unit = 0; unit < s->hidden; unit++) {
            const double g[GATES] = {gate_sum(l, i, 0, unit), gate_sum(l, i, 1, unit),
                                     gate_sum(l, i, 2, unit), gate_sum(l, i, 3, unit)};
            const double c =
                sigmoid(g[1]) * c_before[i * s->hidden + unit] + sigmoid(g[0]) * tanh(g[2]);
            const double h = sigmoid(g[3]) * tanh(c);
            const float h_got = s->h[i * (size_t)s->ldh + unit], c_got = s->c[i * s->hidden + unit];
            finite &= isfinite(h_got) && isfinite(c_got);
            worst_h = fmax(worst_h, fabs(h_got - h));
            worst_c = fmax(worst_c, fabs(c_got - c) / fmax(1.0, fabs(c)));
        }
    expect(finite, "%s, batch %zu hidden %zu: not a number", what, s->batch, s->hidden);
    expect(worst_h <= H_BOUND, "%s, batch %zu hidden %zu: h is off by %.2g, bound %.0g", what,
           s->batch, s->hidden, worst_h, H_BOUND);
    expect(worst_c <= 2 * H_BOUND, "%s, batch %zu hidden %zu: c is off by %.2g, bound %.0g", what,
           s->batch, s->hidden, worst_c, 2 * H_BOUND);

    bool gaps_kept = true;
    for (size_t i = 0; i + 1 < s->batch; i++)
        for (size_t j = s->hidden; j < (size_t)s->ldh; j++)
            gaps_kept &= s->h[i * (size_t)s->ldh + j] == 0.0f;
    expect(gaps_kept, "%s, batch %zu: it wrote between rows of h", what, s->batch);
}

/* A batch in parts must give the same bits as in one call. */
static void check_split(const struct check *t, size_t batch, size_t hidden) {
    struct layer l;
    make_layer(&l, batch, hidden, 1.0, UNIFORM, AT_END);
    const struct dr_lstm_step s = l.s;
    const float *c = copy_floats(s.c, batch * hidden, AT_END);
    t->k.lstm_step(&s);

    for (size_t rows = 1; rows < batch; rows++) {
        struct dr_lstm_step part = s;
        part.c = copy_floats(c, batch * hidden, AT_END);
        part.h = guarded_floats((batch - 1) * (size_t)s.ldh + hidden, AT_END);
        const float *part_c = part.c, *part_h = part.h;
        for (size_t i = 0; i < batch; i += rows) {
            part.batch = batch - i < rows ? batch - i : rows;
            t->k.lstm_step(&part);
            part.x += (ptrdiff_t)rows * s.ldx;
            part.h_prev += (ptrdiff_t)rows * s.ldh_prev;
            part.c += rows * hidden;
            part.h += (ptrdiff_t)rows * s.ldh;
        }
        const size_t size_h = (batch - 1) * (size_t)s.ldh + hidden;
        expect(!memcmp(part_h, s.h, size_h * sizeof(float)) &&
                   !memcmp(part_c, s.c, batch * hidden * sizeof(float)),
               "batch %zu: other bits in calls of %zu sequences", batch, rows);
    }
}

/* Gates far out: they saturate, and nothing overflows on the way. */
static void check_saturation(const struct check *t) {
    static const float values[] = {-INFINITY, -1e30f, -90.0f, -21.0f, -0.0f,
                                   1e-40f,    21.0f,  90.0f,  1e30f,  INFINITY};
    static const float states[] = {0.0f, 1e-40f, -5.0f, 300.0f, -1e4f};
    struct layer l;
    make_layer(&l, COUNT(values), 16, 0.0, UNIFORM, AT_END);
    float *x = guarded_floats(COUNT(values) * (size_t)l.s.ldx, AT_END);
    l.s.x = x;
    l.s.u = l.weight = guarded_floats(GATES * 16 * 16, AT_END);
    for (size_t state = 0; state < COUNT(states); state++)
        for (size_t gate = 0; gate < GATES; gate++) {
            for (size_t i = 0; i < COUNT(values); i++)
                for (size_t j = 0; j < 16; j++) {
                    for (size_t other = 0; other < GATES; other++)
                        x[i * (size_t)l.s.ldx + other * 16 + j] =
                            other == gate ? values[i] : values[(i + j) % COUNT(values)];
                    l.s.c[i * 16 + j] = states[state];
                }
            check_layer(t, &l, "saturated");
        }
}

void check_lstm_step(const struct check *t) {
    static const size_t batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13};
    static const size_t sizes[] = {16, 32, 48, 128};
    for (size_t b = 0; b < COUNT(batches); b++)
        for (size_t h = 0; h < COUNT(sizes); h++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                struct layer l;
                make_layer(&l, batches[b], sizes[h], place == AT_END ? 0.5 : 8.0, MIXED,
                           (enum placement)place);
                check_layer(t, &l, "random");
                release_all();
            }
    check_saturation(t);
    release_all();
    check_split(t, 13, 128);
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
