/* pyannet.c - the segmentation network: who of at most three local speakers talks, in 10 s.
 * SPDX-License-Identifier: MIT
 *
 * Layout: [frame][channel] inside one chunk up to the convolutions' end, then
 * [frame][chunk][channel], so that one LSTM step reads and writes one contiguous block for the
 * whole batch. */
#include "segmentation/pyannet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "types.h"

enum {
    SINC_FILTERS = 80,
    SINC_LENGTH = 251,
    SINC_STRIDE = 10,
    CONV_CHANNELS = 60,
    CONV_LENGTH = 5,
    POOL = 3,
    POOLED_1 = ((DR_CHUNK_SAMPLES - SINC_LENGTH) / SINC_STRIDE + 1) / POOL, /* 5325 */
    POOLED_2 = (POOLED_1 - CONV_LENGTH + 1) / POOL,                         /* 1773 */
    POOLED_3 = (POOLED_2 - CONV_LENGTH + 1) / POOL,                         /* 589 */
    POOL_BLOCK = 32, /* pooled rows made at a time, so that the convolution's output stays in L1 */
    LAYERS = 4,
    HIDDEN = 128,
    GATES = 4 * HIDDEN,
    BOTH = 2 * HIDDEN,
    INPUT_STEPS = 16, /* LSTM input projections made at a time */
    LINEAR = 128
};
_Static_assert((int)POOLED_3 == (int)DR_CHUNK_FRAMES, "589 frames in a chunk");

struct instance_norm {
    const float *weight, *bias;
};

struct lstm_direction {
    struct dr_linear input; /* both biases folded in, columns in the order of the gates kernel */
    const float *recurrent; /* by dr_pack_lstm */
};

struct dr_pyannet {
    const struct dr_kernels *kernels;
    float wave_weight, wave_bias;
    struct dr_linear conv[3];
    struct instance_norm norm[3];
    struct lstm_direction lstm[LAYERS][2];
    struct dr_linear linear[2], classifier;
};

/* ---- loading ---- */

static struct lstm_direction load_lstm(struct dr_loader *loader, int layer, int reverse) {
    char suffix[32];
    unsigned inputs = layer ? BOTH : CONV_CHANNELS;
    snprintf(suffix, sizeof suffix, "_l%d%s", layer, reverse ? "_reverse" : "");
    const float *w_ih =
        dr_load_tensor(loader, "segmentation.lstm.weight_ih", suffix, 2, GATES, inputs, 0, 0);
    const float *w_hh =
        dr_load_tensor(loader, "segmentation.lstm.weight_hh", suffix, 2, GATES, HIDDEN, 0, 0);
    const float *b_ih =
        dr_load_tensor(loader, "segmentation.lstm.bias_ih", suffix, 1, GATES, 0, 0, 0);
    const float *b_hh =
        dr_load_tensor(loader, "segmentation.lstm.bias_hh", suffix, 1, GATES, 0, 0, 0);
    struct lstm_direction direction = {{0}, NULL};
    float *recurrent = dr_arena_alloc(loader->arena, (size_t)GATES * HIDDEN, sizeof *recurrent);
    struct dr_arena scratch = {NULL};
    float *rows = dr_arena_alloc(&scratch, (size_t)GATES * inputs, sizeof *rows);
    float *bias = dr_arena_alloc(&scratch, GATES, sizeof *bias);
    if (!loader->err.status && recurrent && rows && bias) {
        dr_pack_lstm(recurrent, w_hh, HIDDEN);
        for (size_t j = 0; j < GATES; j++) {
            size_t row = dr_lstm_gate_column(j, HIDDEN);
            memcpy(rows + j * inputs, w_ih + row * inputs, inputs * sizeof *rows);
            bias[j] = b_ih[row] + b_hh[row];
        }
        direction.input = dr_pack_linear(loader, rows, bias, 1, inputs, GATES);
        direction.recurrent = recurrent;
    } else if (!loader->err.status) {
        dr_fail_memory(&loader->err);
    }
    dr_arena_free(&scratch);
    return direction;
}

static struct instance_norm load_norm(struct dr_loader *loader, int i, unsigned n) {
    char prefix[64];
    snprintf(prefix, sizeof prefix, "segmentation.sincnet.norm1d.%d", i);
    struct instance_norm norm = {dr_load_tensor(loader, prefix, ".weight", 1, n, 0, 0, 0),
                                 dr_load_tensor(loader, prefix, ".bias", 1, n, 0, 0, 0)};
    return norm;
}

static void load_convolutions(struct dr_pyannet *net, struct dr_loader *loader) {
    const struct dr_conv_shape first = {CONV_CHANNELS, SINC_FILTERS, CONV_LENGTH, 1, 3, 1};
    const struct dr_conv_shape second = {CONV_CHANNELS, CONV_CHANNELS, CONV_LENGTH, 1, 3, 1};
    const float *sinc = dr_load_tensor(loader, "segmentation.sincnet.conv1d.0", ".weight", 2,
                                       SINC_FILTERS, SINC_LENGTH, 0, 0);
    net->conv[0] = dr_pack_linear(loader, sinc, NULL, 1, SINC_LENGTH, SINC_FILTERS);
    net->conv[1] = dr_load_conv(loader, "segmentation.sincnet.conv1d.1", &first, 1, NULL);
    net->conv[2] = dr_load_conv(loader, "segmentation.sincnet.conv1d.2", &second, 1, NULL);
    net->norm[0] = load_norm(loader, 0, SINC_FILTERS);
    net->norm[1] = load_norm(loader, 1, CONV_CHANNELS);
    net->norm[2] = load_norm(loader, 2, CONV_CHANNELS);
}

struct dr_pyannet *dr_pyannet_load(struct dr_loader *loader, const struct dr_kernels *kernels) {
    struct dr_pyannet *net = dr_arena_zalloc(loader->arena, 1, sizeof *net);
    if (!net) {
        dr_fail_memory(&loader->err);
        return NULL;
    }
    const struct dr_conv_shape linear_0 = {LINEAR, BOTH, 1, 1, 2, 1};
    const struct dr_conv_shape linear_1 = {LINEAR, LINEAR, 1, 1, 2, 1};
    const struct dr_conv_shape classifier = {DR_CLASSES, LINEAR, 1, 1, 2, 1};
    const char *wave = "segmentation.sincnet.wav_norm1d";
    const float *wave_weight = dr_load_tensor(loader, wave, ".weight", 1, 1, 0, 0, 0);
    const float *wave_bias = dr_load_tensor(loader, wave, ".bias", 1, 1, 0, 0, 0);
    net->kernels = kernels;
    load_convolutions(net, loader);
    for (int layer = 0; layer < LAYERS; layer++)
        for (int reverse = 0; reverse < 2; reverse++)
            net->lstm[layer][reverse] = load_lstm(loader, layer, reverse);
    net->linear[0] = dr_load_conv(loader, "segmentation.linear.0", &linear_0, 1, NULL);
    net->linear[1] = dr_load_conv(loader, "segmentation.linear.1", &linear_1, 1, NULL);
    net->classifier = dr_load_conv(loader, "segmentation.classifier", &classifier, 1, NULL);
    if (loader->err.status)
        return NULL;
    net->wave_weight = *wave_weight;
    net->wave_bias = *wave_bias;
    return net;
}

/* ---- running ---- */

/* Scratch of one call, floats. The waveform and the maps of the convolutions are used before the
 * LSTM's buffers are, so they share memory. */
struct scratch {
    float *wave;       /* [160000] */
    float *map_1;      /* [POOLED_1][80] */
    float *map_2;      /* [POOLED_2][60] */
    float *block;      /* [3 * POOL_BLOCK][80] */
    float *map_3;      /* [589][60] */
    float *sequence_a; /* [589][batch][BOTH] */
    float *sequence_b;
    float *input; /* [INPUT_STEPS][batch][GATES] */
    float *cell;  /* [batch][HIDDEN] */
    float *zeros; /* [batch][HIDDEN]: the state before the first step */
};

static size_t lay_out(struct scratch *s, float *base, size_t batch) {
    size_t used = 0, total;
    struct scratch unused;
    s = s ? s : &unused;
#define TAKE(field, count) (s->field = base ? base + used : NULL, used += DR_PADDED(count))
    TAKE(sequence_a, (size_t)DR_CHUNK_FRAMES * batch * BOTH);
    total = used;
    TAKE(wave, DR_CHUNK_SAMPLES);
    TAKE(map_1, (size_t)POOLED_1 * SINC_FILTERS);
    TAKE(map_2, (size_t)POOLED_2 * CONV_CHANNELS);
    TAKE(map_3, (size_t)POOLED_3 * CONV_CHANNELS);
    TAKE(block, (size_t)POOL * POOL_BLOCK * SINC_FILTERS);
    size_t convolutions = used;
    used = total;
    TAKE(sequence_b, (size_t)DR_CHUNK_FRAMES * batch * BOTH);
    TAKE(input, (size_t)INPUT_STEPS * batch * GATES);
    TAKE(cell, batch * HIDDEN);
    TAKE(zeros, batch * HIDDEN);
#undef TAKE
    return used > convolutions ? used : convolutions;
}

size_t dr_pyannet_scratch(size_t batch) {
    return lay_out(NULL, NULL, batch);
}

/* Instance norm of the waveform, an affine map of its samples. */
static void normalise_wave(const struct dr_pyannet *net, float *wave, const float *samples) {
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < DR_CHUNK_SAMPLES; i++)
        sum += samples[i];
    double mean = sum / DR_CHUNK_SAMPLES;
    for (size_t i = 0; i < DR_CHUNK_SAMPLES; i++)
        squares += (samples[i] - mean) * (samples[i] - mean);
    double scale = net->wave_weight / sqrt(squares / DR_CHUNK_SAMPLES + DR_NORM_EPS);
    double shift = net->wave_bias - mean * scale;
    for (size_t i = 0; i < DR_CHUNK_SAMPLES; i++)
        wave[i] = (float)(samples[i] * scale + shift);
}

/* out[pooled][n] = leaky(norm(pool(act(conv(in))))); rows of `in` are `stride` floats apart. */
static void convolve_pool(const struct dr_pyannet *net, int i, float *out, const float *in,
                          ptrdiff_t stride, size_t pooled, enum dr_activation act, float *block) {
    size_t n = net->conv[i].n;
    for (size_t done = 0; done < pooled; done += POOL_BLOCK) {
        size_t rows = pooled - done < POOL_BLOCK ? pooled - done : POOL_BLOCK;
        dr_linear_run(net->kernels, &net->conv[i], in + (ptrdiff_t)(done * POOL) * stride, stride,
                      0, block, (ptrdiff_t)n, rows * POOL, act, NULL, 0);
        net->kernels->max_pool3(out + done * n, block, rows, n);
    }
    net->kernels->instance_norm_leaky(out, net->norm[i].weight, net->norm[i].bias, pooled, n);
}

/* samples[160000] -> column `index` of sequence[589][batch][60]. */
static void run_convolutions(const struct dr_pyannet *net, float *sequence, const float *samples,
                             size_t index, size_t batch, const struct scratch *s) {
    normalise_wave(net, s->wave, samples);
    convolve_pool(net, 0, s->map_1, s->wave, SINC_STRIDE, POOLED_1, DR_ABS, s->block);
    convolve_pool(net, 1, s->map_2, s->map_1, SINC_FILTERS, POOLED_2, DR_LINEAR, s->block);
    convolve_pool(net, 2, s->map_3, s->map_2, CONV_CHANNELS, POOLED_3, DR_LINEAR, s->block);
    for (size_t t = 0; t < DR_CHUNK_FRAMES; t++)
        memcpy(sequence + (t * batch + index) * CONV_CHANNELS, s->map_3 + t * CONV_CHANNELS,
               CONV_CHANNELS * sizeof *sequence);
}

/* One direction of one layer: in[589][batch][inputs] -> its half of out[589][batch][BOTH]. */
static void run_direction(const struct dr_pyannet *net, const struct lstm_direction *direction,
                          float *out, const float *in, size_t batch, int reverse,
                          const struct scratch *s) {
    size_t inputs = direction->input.depth;
    struct dr_lstm_step step = {.ldx = GATES,
                                .h_prev = s->zeros,
                                .ldh_prev = HIDDEN,
                                .u = direction->recurrent,
                                .c = s->cell,
                                .ldh = BOTH,
                                .batch = batch,
                                .hidden = HIDDEN};
    memset(s->zeros, 0, batch * HIDDEN * sizeof *s->zeros);
    memset(s->cell, 0, batch * HIDDEN * sizeof *s->cell);
    for (size_t done = 0; done < DR_CHUNK_FRAMES; done += INPUT_STEPS) {
        size_t steps = DR_CHUNK_FRAMES - done < INPUT_STEPS ? DR_CHUNK_FRAMES - done : INPUT_STEPS;
        size_t first = reverse ? DR_CHUNK_FRAMES - done - steps : done;
        dr_linear_run(net->kernels, &direction->input, in + first * batch * inputs,
                      (ptrdiff_t)inputs, 0, s->input, GATES, steps * batch, DR_LINEAR, NULL, 0);
        for (size_t i = 0; i < steps; i++) {
            size_t row = reverse ? steps - 1 - i : i;
            step.x = s->input + row * batch * GATES;
            step.h = out + (first + row) * batch * BOTH + (reverse ? HIDDEN : 0);
            net->kernels->lstm_step(&step);
            step.h_prev = step.h;
            step.ldh_prev = BOTH;
        }
    }
}

/* hidden[589][batch][128] -> logprob[batch][589][7] */
static void classify(const struct dr_pyannet *net, float *logprob, const float *hidden,
                     size_t batch) {
    for (size_t t = 0; t < DR_CHUNK_FRAMES; t++)
        for (size_t b = 0; b < batch; b++) {
            float *out = logprob + (b * DR_CHUNK_FRAMES + t) * DR_CLASSES;
            dr_linear_run(net->kernels, &net->classifier, hidden + (t * batch + b) * LINEAR, LINEAR,
                          0, out, DR_CLASSES, 1, DR_LINEAR, NULL, 0);
            float max = out[0];
            for (int c = 1; c < DR_CLASSES; c++)
                max = fmaxf(max, out[c]);
            float sum = 0.0f;
            for (int c = 0; c < DR_CLASSES; c++)
                sum += expf(out[c] - max);
            float log_sum = max + logf(sum);
            for (int c = 0; c < DR_CLASSES; c++)
                out[c] -= log_sum;
        }
}

void dr_pyannet_run(const struct dr_pyannet *net, float *logprob, const float *const *chunks,
                    size_t batch, float *scratch) {
    struct scratch s;
    lay_out(&s, scratch, batch);
    float *in = s.sequence_a;
    for (size_t i = 0; i < batch; i++)
        run_convolutions(net, in, chunks[i], i, batch, &s);
    float *out = s.sequence_b;
    for (int layer = 0; layer < LAYERS; layer++) {
        for (int reverse = 0; reverse < 2; reverse++)
            run_direction(net, &net->lstm[layer][reverse], out, in, batch, reverse, &s);
        float *swap = in;
        in = out;
        out = swap;
    }
    size_t rows = DR_CHUNK_FRAMES * batch;
    dr_linear_run(net->kernels, &net->linear[0], in, BOTH, 0, out, LINEAR, rows, DR_LEAKY_RELU,
                  NULL, 0);
    dr_linear_run(net->kernels, &net->linear[1], out, LINEAR, 0, in, LINEAR, rows, DR_LEAKY_RELU,
                  NULL, 0);
    classify(net, logprob, in, batch);
}
