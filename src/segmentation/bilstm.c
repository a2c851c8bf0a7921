/* bilstm.c - the recurrent part of the segmentation network: four bidirectional LSTM layers.
 * SPDX-License-Identifier: MIT
 *
 * Layout: [frame][chunk][channel], so that one LSTM step reads and writes one contiguous block for
 * the whole batch. In 16 bits the layers hand each other their state as the kernel writes it. */
#include "segmentation/bilstm.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "segmentation/sincnet.h"
#include "types.h"

enum {
    LAYERS = 4,
    HIDDEN = 128,
    GATES = 4 * HIDDEN,
    BOTH = DR_BILSTM_UNITS,
    INPUT_STEPS = 24 /* input projections made at a time: whole tiles, and weights come seldom */
};

struct direction {
    struct dr_linear input; /* both biases folded in, columns in the order of the gates kernel */
    const float *recurrent; /* by dr_pack_lstm */
    const int16_t *recurrent16; /* by dr_pack_lstm16, */
    const float *scale;         /* with its scale */
};

struct dr_bilstm {
    const struct dr_kernels *kernels;
    enum dr_precision precision;
    struct direction layer[LAYERS][2];
};

/* ---- loading ---- */

static void pack_recurrent(struct direction *direction, struct dr_loader *loader,
                           const float *w_hh) {
    const size_t size = (size_t)GATES * HIDDEN;
    float *scale = NULL, *packed = NULL;
    int16_t *packed16 = NULL;
    if (loader->precision == DR_INT16) {
        packed16 = dr_arena_alloc(loader->arena, size, sizeof *packed16);
        scale = dr_arena_alloc(loader->arena, GATES, sizeof *scale);
    } else {
        packed = dr_arena_alloc(loader->arena, size, sizeof *packed);
    }
    if (packed)
        dr_pack_lstm(packed, w_hh, HIDDEN);
    else if (packed16 && scale)
        dr_pack_lstm16(packed16, scale, w_hh, HIDDEN);
    else
        dr_fail_memory(&loader->err);
    direction->recurrent = packed;
    direction->recurrent16 = packed16;
    direction->scale = scale;
}

/* The first layer's inputs are features; all others are states. */
static struct direction load_direction(struct dr_loader *loader, int layer, int reverse) {
    char suffix[32];
    unsigned inputs = layer ? BOTH : DR_SINCNET_FEATURES;
    snprintf(suffix, sizeof suffix, "_l%d%s", layer, reverse ? "_reverse" : "");
    const float *w_ih =
        dr_load_tensor(loader, "segmentation.lstm.weight_ih", suffix, 2, GATES, inputs, 0, 0);
    const float *w_hh =
        dr_load_tensor(loader, "segmentation.lstm.weight_hh", suffix, 2, GATES, HIDDEN, 0, 0);
    const float *b_ih =
        dr_load_tensor(loader, "segmentation.lstm.bias_ih", suffix, 1, GATES, 0, 0, 0);
    const float *b_hh =
        dr_load_tensor(loader, "segmentation.lstm.bias_hh", suffix, 1, GATES, 0, 0, 0);
    struct direction direction = {0};
    float *rows = dr_loader_scratch(loader, (size_t)GATES * (inputs + 1));
    if (!rows)
        return direction;
    float *bias = rows + (size_t)GATES * inputs;
    for (size_t j = 0; j < GATES; j++) {
        size_t row = dr_lstm_gate_column(j, HIDDEN);
        memcpy(rows + j * inputs, w_ih + row * inputs, inputs * sizeof *rows);
        bias[j] = b_ih[row] + b_hh[row];
    }
    const struct dr_packing packing = {layer ? loader->precision : DR_FLOAT32, 1, 1, DR_LSTM_UNIT};
    direction.input = dr_pack_linear(loader, rows, bias, inputs, GATES, packing);
    pack_recurrent(&direction, loader, w_hh);
    return direction;
}

struct dr_bilstm *dr_bilstm_load(struct dr_loader *loader, const struct dr_kernels *kernels) {
    struct dr_bilstm *net = dr_arena_zalloc(loader->arena, 1, sizeof *net);
    if (!net) {
        dr_fail_memory(&loader->err);
        return NULL;
    }
    net->kernels = kernels;
    net->precision = loader->precision;
    for (int layer = 0; layer < LAYERS; layer++)
        for (int reverse = 0; reverse < 2; reverse++)
            net->layer[layer][reverse] = load_direction(loader, layer, reverse);
    return loader->err.status ? NULL : net;
}

/* ---- running ---- */

/* Scratch of a direction on its way, floats. */
struct scratch {
    float *input; /* [INPUT_STEPS][batch][GATES] */
    float *cell;  /* [batch][HIDDEN] */
    float *zeros; /* [batch][HIDDEN]: the state before the first step */
};

/* Of one call. States are floats or int16, of which two take the place of one. */
struct call_scratch {
    float *state[2]; /* [589][batch][BOTH]: a layer's output, the next one's input */
    struct scratch direction[2];
};

static size_t lay_out(struct call_scratch *s, float *base, size_t batch) {
    size_t used = 0;
    struct call_scratch unused;
    s = s ? s : &unused;
#define TAKE(field, count) (s->field = base ? base + used : NULL, used += DR_PADDED(count))
    TAKE(state[0], (size_t)DR_CHUNK_FRAMES * batch * BOTH);
    TAKE(state[1], (size_t)DR_CHUNK_FRAMES * batch * BOTH);
    for (int i = 0; i < 2; i++) {
        TAKE(direction[i].input, (size_t)INPUT_STEPS * batch * GATES);
        TAKE(direction[i].cell, batch * HIDDEN);
        TAKE(direction[i].zeros, batch * HIDDEN);
    }
#undef TAKE
    return used;
}

size_t dr_bilstm_scratch(size_t batch) {
    return lay_out(NULL, NULL, batch);
}

/* One direction of one layer on its way over the frames. */
struct pass {
    const struct dr_bilstm *net;
    const struct direction *direction;
    const void *in; /* [589][batch][inputs] */
    void *out;      /* [589][batch][BOTH], of which it writes its half */
    size_t batch;
    int reverse;
    const struct scratch *s;
};

/* Gates of `steps` frames from frame `first` on, as far as they come from the layer's input. */
static void project(const struct pass *p, size_t first, size_t steps) {
    const struct dr_linear *linear = &p->direction->input;
    const size_t inputs = linear->depth, offset = first * p->batch * inputs;
    if (linear->packed16)
        dr_linear_run16(p->net->kernels, linear, (const int16_t *)p->in + offset, (ptrdiff_t)inputs,
                        0, 1.0f / DR_LSTM_UNIT, NULL, p->s->input, GATES, steps * p->batch,
                        DR_LINEAR);
    else
        dr_linear_run(p->net->kernels, linear, (const float *)p->in + offset, (ptrdiff_t)inputs, 0,
                      p->s->input, GATES, steps * p->batch, DR_LINEAR, NULL, 0);
}

/* Where the direction's half of a frame's state begins. */
static size_t state_offset(const struct pass *p, size_t frame) {
    return frame * p->batch * BOTH + (p->reverse ? HIDDEN : 0);
}

static const void *state_at(const struct pass *p, size_t frame) {
    if (p->net->precision == DR_INT16)
        return (const int16_t *)p->out + state_offset(p, frame);
    return (const float *)p->out + state_offset(p, frame);
}

static void step_float(const struct pass *p, const float *x, size_t frame, const void *previous) {
    float *out = p->out;
    const struct dr_lstm_step step = {.x = x,
                                      .ldx = GATES,
                                      .h_prev = previous ? previous : p->s->zeros,
                                      .ldh_prev = previous ? BOTH : HIDDEN,
                                      .u = p->direction->recurrent,
                                      .c = p->s->cell,
                                      .h = out + state_offset(p, frame),
                                      .ldh = BOTH,
                                      .batch = p->batch,
                                      .hidden = HIDDEN};
    p->net->kernels->lstm_step(&step);
}

static void step_int16(const struct pass *p, const float *x, size_t frame, const void *previous) {
    int16_t *out = p->out;
    const struct dr_lstm_step16 step = {
        .x = x,
        .ldx = GATES,
        .h_prev = previous ? previous : (const int16_t *)(const void *)p->s->zeros,
        .ldh_prev = previous ? BOTH : HIDDEN,
        .u = p->direction->recurrent16,
        .u_scale = p->direction->scale,
        .c = p->s->cell,
        .h = out + state_offset(p, frame),
        .ldh = BOTH,
        .batch = p->batch,
        .hidden = HIDDEN};
    p->net->kernels->lstm_step16(&step);
}

static void run_direction(const struct pass *p) {
    const void *previous = NULL;
    memset(p->s->zeros, 0, p->batch * HIDDEN * sizeof *p->s->zeros);
    memset(p->s->cell, 0, p->batch * HIDDEN * sizeof *p->s->cell);
    for (size_t done = 0; done < DR_CHUNK_FRAMES; done += INPUT_STEPS) {
        size_t steps = DR_CHUNK_FRAMES - done < INPUT_STEPS ? DR_CHUNK_FRAMES - done : INPUT_STEPS;
        size_t first = p->reverse ? DR_CHUNK_FRAMES - done - steps : done;
        project(p, first, steps);
        for (size_t i = 0; i < steps; i++) {
            const size_t row = p->reverse ? steps - 1 - i : i;
            const float *x = p->s->input + row * p->batch * GATES;
            if (p->net->precision == DR_INT16)
                step_int16(p, x, first + row, previous);
            else
                step_float(p, x, first + row, previous);
            previous = state_at(p, first + row);
        }
    }
}

struct layer_work {
    const struct dr_bilstm *net;
    int layer, together; /* both directions at the same time */
    const void *in;
    void *out;
    size_t batch;
    const struct call_scratch *s;
};

/* One after the other, both use the first scratch: it stays in the cache. */
static void layer_item(void *context, size_t reverse, int worker) {
    const struct layer_work *work = context;
    const struct pass pass = {.net = work->net,
                              .direction = &work->net->layer[work->layer][reverse],
                              .in = work->in,
                              .out = work->out,
                              .batch = work->batch,
                              .reverse = (int)reverse,
                              .s = &work->s->direction[work->together ? reverse : 0]};
    (void)worker;
    run_direction(&pass);
}

const void *dr_bilstm_run(const struct dr_bilstm *net, const float *sequence, size_t batch,
                          struct dr_pool *pool, float *scratch) {
    struct call_scratch s;
    lay_out(&s, scratch, batch);
    const void *in = sequence;
    for (int layer = 0; layer < LAYERS; layer++) {
        struct layer_work work = {net, layer, pool != NULL, in, s.state[layer % 2], batch, &s};
        dr_pool_run(pool, layer_item, &work, 2);
        in = work.out;
    }
    return in;
}
