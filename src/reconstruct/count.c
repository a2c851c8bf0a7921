/* count.c - how many speakers talk at each frame, as the chunks come.
 * SPDX-License-Identifier: MIT */
#include "reconstruct/count.h"

#include "reconstruct/frames.h"

#include <assert.h>
#include <math.h>
#include <string.h>

size_t dr_num_frames(size_t num_samples) {
    /* Two more than the recording has, so that every sample lies in one. */
    return (size_t)ceil((double)num_samples / DR_SAMPLE_RATE / DR_FRAME_S) + 2;
}

void dr_marginals(struct dr_chunk_marginals *out, const float *logprob,
                  const struct dr_reconstruct_params *params) {
    const float bias[DR_CLASSES] = {
        params->silence_bias, 0, 0, 0, params->overlap_bias, params->overlap_bias,
        params->overlap_bias};
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++) {
        float p[DR_CLASSES], highest = -INFINITY, sum = 0;
        for (int c = 0; c < DR_CLASSES; c++) {
            p[c] = logprob[f * DR_CLASSES + (size_t)c] + bias[c];
            highest = fmaxf(highest, p[c]);
        }
        for (int c = 0; c < DR_CLASSES; c++) {
            p[c] = expf(p[c] - highest);
            sum += p[c];
        }
        out->marginal[f][0] = (p[1] + p[4] + p[5]) / sum;
        out->marginal[f][1] = (p[2] + p[4] + p[6]) / sum;
        out->marginal[f][2] = (p[3] + p[5] + p[6]) / sum;
        out->speech[f] = 1 - p[0] / sum;
    }
}

void dr_marginals_pack(uint8_t *packed, const struct dr_chunk_marginals *marginals) {
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++)
        for (size_t q = 0; q < DR_LOCAL_SPEAKERS; q++) {
            float p = fminf(marginals->marginal[f][q], 1); /* rounding can bring it above */
            packed[f * DR_LOCAL_SPEAKERS + q] = (uint8_t)(p * DR_MARGINAL_ONE + 0.5f);
        }
}

void dr_counter_open(struct dr_counter *counter) {
    memset(counter, 0, sizeof *counter);
    dr_hamming(counter->hamming);
}

/* Forgets the first num of the sums. */
static void shift(double *sums, size_t num) {
    memmove(sums, sums + num, (DR_COUNTER_FRAMES - num) * sizeof *sums);
    memset(sums + DR_COUNTER_FRAMES - num, 0, num * sizeof *sums);
}

void dr_counter_peek(const struct dr_counter *counter, uint8_t *count, size_t end) {
    size_t num = end - counter->first;
    assert(num <= DR_COUNTER_FRAMES);
    for (size_t i = 0; i < num; i++)
        count[i] = (uint8_t)rint(counter->count[i] / fmax(counter->weight[i], 1e-6));
}

void dr_counter_settle(struct dr_counter *counter, uint8_t *count, float *speech, size_t end) {
    size_t num = end - counter->first;
    dr_counter_peek(counter, count, end);
    for (size_t i = 0; i < num && speech; i++)
        speech[i] = (float)(counter->speech[i] / fmax(counter->weight[i], 1e-6));
    shift(counter->count, num);
    shift(counter->speech, num);
    shift(counter->weight, num);
    counter->first = end;
}

void dr_counter_add(struct dr_counter *counter, const struct dr_chunk_marginals *marginals) {
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++) {
        const float *m = marginals->marginal[f];
        float weight = counter->hamming[f];
        counter->count[f] += (m[0] + m[1] + m[2]) * weight;
        counter->speech[f] += marginals->speech[f] * weight;
        counter->weight[f] += weight;
    }
}
