/* pyannet.c - the segmentation network: who of at most three local speakers talks, in 10 s.
 * SPDX-License-Identifier: MIT */
#include "segmentation/pyannet.h"

#include <math.h>

#include "base/error.h"
#include "segmentation/bilstm.h"
#include "segmentation/sincnet.h"
#include "types.h"

enum { LINEAR = 128 };

struct dr_pyannet {
    const struct dr_kernels *kernels;
    struct dr_sincnet *sincnet;
    struct dr_bilstm *bilstm;
    struct dr_linear linear[2], classifier;
};

struct dr_pyannet *dr_pyannet_load(struct dr_loader *loader, const struct dr_kernels *kernels) {
    struct dr_pyannet *net = dr_arena_zalloc(loader->arena, 1, sizeof *net);
    if (!net) {
        dr_fail_memory(&loader->err);
        return NULL;
    }
    const struct dr_packing states = {loader->precision, 1, 1, DR_LSTM_UNIT};
    const struct dr_conv_shape linear_0 = {LINEAR, DR_BILSTM_UNITS, 1, 1, 2, states};
    const struct dr_conv_shape linear_1 = {LINEAR, LINEAR, 1, 1, 2, DR_PACKING_FLOAT};
    const struct dr_conv_shape classifier = {DR_CLASSES, LINEAR, 1, 1, 2, DR_PACKING_FLOAT};
    net->kernels = kernels;
    net->sincnet = dr_sincnet_load(loader, kernels);
    net->bilstm = dr_bilstm_load(loader, kernels);
    net->linear[0] = dr_load_conv(loader, "segmentation.linear.0", &linear_0, 1, NULL);
    net->linear[1] = dr_load_conv(loader, "segmentation.linear.1", &linear_1, 1, NULL);
    net->classifier = dr_load_conv(loader, "segmentation.classifier", &classifier, 1, NULL);
    return loader->err.status ? NULL : net;
}

/* Scratch: the convolutions' output, behind which each part has the rest for itself. The linear
 * layers run where the LSTM's inputs and states were. */
static size_t sequence_floats(size_t batch) {
    return DR_PADDED((size_t)DR_CHUNK_FRAMES * batch * DR_SINCNET_FEATURES);
}

static size_t linear_floats(size_t batch) {
    return DR_PADDED((size_t)DR_CHUNK_FRAMES * batch * LINEAR);
}

size_t dr_pyannet_sequence_scratch(size_t batch) {
    return dr_bilstm_scratch(batch) + 2 * linear_floats(batch);
}

size_t dr_pyannet_scratch(size_t batch) {
    size_t convolutions = dr_sincnet_scratch(batch);
    size_t recurrent = dr_pyannet_sequence_scratch(batch);
    return sequence_floats(batch) + (convolutions > recurrent ? convolutions : recurrent);
}

static void log_softmax(float out[DR_CLASSES]) {
    float max = out[0], sum = 0.0f;
    for (int c = 1; c < DR_CLASSES; c++)
        max = fmaxf(max, out[c]);
    for (int c = 0; c < DR_CLASSES; c++)
        sum += expf(out[c] - max);
    const float log_sum = max + logf(sum);
    for (int c = 0; c < DR_CLASSES; c++)
        out[c] -= log_sum;
}

/* hidden[589][batch][128] -> logprob[batch][589][7], chunk by chunk */
static void classify(const struct dr_pyannet *net, float *logprob, const float *hidden,
                     size_t batch) {
    for (size_t b = 0; b < batch; b++, logprob += DR_CHUNK_FRAMES * DR_CLASSES) {
        dr_linear_run(net->kernels, &net->classifier, hidden + b * LINEAR,
                      (ptrdiff_t)(batch * LINEAR), 0, logprob, DR_CLASSES, DR_CHUNK_FRAMES,
                      DR_LINEAR, NULL, 0);
        for (size_t t = 0; t < DR_CHUNK_FRAMES; t++)
            log_softmax(logprob + t * DR_CLASSES);
    }
}

void dr_pyannet_run(const struct dr_pyannet *net, float *logprob, const float *samples, size_t step,
                    size_t batch, struct dr_pool *pool, float *scratch) {
    float *sequence = scratch, *rest = scratch + sequence_floats(batch);
    dr_sincnet_run(net->sincnet, sequence, samples, step, batch, rest);
    dr_pyannet_run_sequence(net, logprob, sequence, batch, pool, rest);
}

const struct dr_sincnet *dr_pyannet_sincnet(const struct dr_pyannet *net) {
    return net->sincnet;
}

void dr_pyannet_run_sequence(const struct dr_pyannet *net, float *logprob, const float *sequence,
                             size_t batch, struct dr_pool *pool, float *scratch) {
    const void *states = dr_bilstm_run(net->bilstm, sequence, batch, pool, scratch);

    const size_t rows = DR_CHUNK_FRAMES * batch;
    float *hidden = scratch + dr_bilstm_scratch(batch), *last = hidden + linear_floats(batch);
    const struct dr_linear *first = &net->linear[0];
    if (first->packed16)
        dr_linear_run16(net->kernels, first, states, DR_BILSTM_UNITS, 0, 1.0f / DR_LSTM_UNIT, NULL,
                        hidden, LINEAR, rows, DR_LEAKY_RELU);
    else
        dr_linear_run(net->kernels, first, states, DR_BILSTM_UNITS, 0, hidden, LINEAR, rows,
                      DR_LEAKY_RELU, NULL, 0);
    dr_linear_run(net->kernels, &net->linear[1], hidden, LINEAR, 0, last, LINEAR, rows,
                  DR_LEAKY_RELU, NULL, 0);
    classify(net, logprob, last, batch);
}
