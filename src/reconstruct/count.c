/* count.c - how many speakers talk at each frame.
 * SPDX-License-Identifier: MIT */
#include "reconstruct/count.h"

#include "reconstruct/frames.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 4096 }; /* frames */

size_t dr_num_frames(size_t num_samples) {
    /* Two more than the recording has, so that every sample lies in one. */
    return (size_t)ceil((double)num_samples / DR_SAMPLE_RATE / DR_FRAME_S) + 2;
}

void dr_marginals(float *marginal, float *speech, const float *logprob, size_t num,
                  const struct dr_reconstruct_params *params) {
    const float bias[DR_CLASSES] = {
        params->silence_bias, 0, 0, 0, params->overlap_bias, params->overlap_bias,
        params->overlap_bias};
    for (size_t f = 0; f < num; f++) {
        float p[DR_CLASSES], highest = -INFINITY, sum = 0;
        for (int c = 0; c < DR_CLASSES; c++) {
            p[c] = logprob[f * DR_CLASSES + (size_t)c] + bias[c];
            highest = fmaxf(highest, p[c]);
        }
        for (int c = 0; c < DR_CLASSES; c++) {
            p[c] = expf(p[c] - highest);
            sum += p[c];
        }
        marginal[f * 3] = (p[1] + p[4] + p[5]) / sum;
        marginal[f * 3 + 1] = (p[2] + p[4] + p[6]) / sum;
        marginal[f * 3 + 2] = (p[3] + p[5] + p[6]) / sum;
        if (speech)
            speech[f] = 1 - p[0] / sum;
    }
}

/* Sums over the chunks that cover a block of frames. */
struct sums {
    double count[BLOCK], speech[BLOCK], weight[BLOCK];
    float marginal[DR_CHUNK_FRAMES][DR_LOCAL_SPEAKERS];
    float chunk_speech[DR_CHUNK_FRAMES];
    float hamming[DR_CHUNK_FRAMES];
};

static void sum_block(struct sums *sums, const struct dr_segmentation *segmentation, size_t first,
                      size_t end, const struct dr_reconstruct_params *params) {
    memset(sums->count, 0, sizeof sums->count);
    memset(sums->speech, 0, sizeof sums->speech);
    memset(sums->weight, 0, sizeof sums->weight);
    size_t chunk = dr_first_chunk(segmentation, first);
    struct dr_span span;
    while (dr_next_span(&span, &chunk, segmentation, first, end)) {
        const float *logprob =
            segmentation->logprob + (span.chunk * DR_CHUNK_FRAMES + span.in_chunk) * DR_CLASSES;
        dr_marginals(sums->marginal[0], sums->chunk_speech, logprob, span.num, params);
        for (size_t i = 0; i < span.num; i++) {
            const float *m = sums->marginal[i];
            float weight = sums->hamming[span.in_chunk + i];
            size_t f = span.frame - first + i;
            sums->count[f] += (m[0] + m[1] + m[2]) * weight;
            sums->speech[f] += sums->chunk_speech[i] * weight;
            sums->weight[f] += weight;
        }
    }
}

int dr_count_speakers(uint8_t *count, float *speech, const struct dr_segmentation *segmentation,
                      const struct dr_reconstruct_params *params, struct dr_arena *arena,
                      diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct sums *sums = dr_arena_alloc(arena, 1, sizeof *sums);
    if (!sums)
        return dr_fail_memory(err);
    dr_hamming(sums->hamming);
    size_t num_frames = dr_num_frames(segmentation->num_samples);
    for (size_t first = 0; first < num_frames; first += BLOCK) {
        size_t end = first + BLOCK < num_frames ? first + BLOCK : num_frames;
        sum_block(sums, segmentation, first, end, params);
        for (size_t i = 0; i < end - first; i++) {
            double weight = fmax(sums->weight[i], 1e-6);
            count[first + i] = (uint8_t)rint(sums->count[i] / weight);
            if (speech)
                speech[first + i] = (float)(sums->speech[i] / weight);
        }
    }
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}
