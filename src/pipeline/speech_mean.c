/* speech_mean.c - what is subtracted from the energies: their mean over speech, as it comes.
 * SPDX-License-Identifier: MIT */
#include "pipeline/speech_mean.h"

#include <math.h>
#include <stdlib.h>

enum {
    FRAMES_PER_CHUNK = 998, /* energies in 10 s */
    MIN_SPEECH_FRAMES = 50
};

/* Segmentation frame nearest to the k-th energy frame of the same chunk. */
static size_t nearest_frame(size_t k) {
    double centre = (double)(k * DR_FBANK_STEP + DR_FBANK_LENGTH / 2);
    double frame = rint((centre - DR_FRAME_DURATION / 2.0) / DR_FRAME_STEP);
    if (frame < 0.0)
        return 0;
    return frame < DR_CHUNK_FRAMES ? (size_t)frame : DR_CHUNK_FRAMES - 1;
}

/* speech[t - first]: 1 where somebody talks in any chunk at frame t of [first, end). */
static void mark_speech(uint8_t *speech, const struct dr_segmentation *segmentation, size_t first,
                        size_t end) {
    uint16_t nearest[FRAMES_PER_CHUNK];
    for (size_t k = 0; k < FRAMES_PER_CHUNK; k++)
        nearest[k] = (uint16_t)nearest_frame(k);
    size_t chunk = first < FRAMES_PER_CHUNK
                       ? 0
                       : (first - FRAMES_PER_CHUNK) * DR_FBANK_STEP / segmentation->step;
    for (; chunk < segmentation->num_chunks; chunk++) {
        const uint8_t *active = segmentation->active + chunk * DR_CHUNK_FRAMES;
        size_t begin = chunk * segmentation->step / DR_FBANK_STEP;
        size_t from = begin < first ? first - begin : 0;
        for (size_t k = from; k < FRAMES_PER_CHUNK && begin + k < end; k++)
            speech[begin + k - first] |= active[nearest[k]] != 0;
        if (begin >= end)
            return;
    }
}

int dr_speech_mean_add(struct dr_speech_mean *mean, const struct dr_energies *energies,
                       const struct dr_segmentation *segmentation, size_t first, size_t end,
                       diarist_error *err) {
    uint8_t *speech = calloc(end - first + 1, sizeof *speech);
    if (!speech)
        return dr_fail_memory(err);
    mark_speech(speech, segmentation, first, end);
    for (size_t t = first; t < end; t++) {
        const float *frame = dr_energies_frame(energies, t);
        for (int m = 0; m < DR_MELS; m++)
            mean->all[m] += frame[m];
        for (int m = 0; m < DR_MELS && speech[t - first]; m++)
            mean->speech[m] += frame[m];
        mean->num_speech += speech[t - first];
    }
    mean->num_all += end - first;
    free(speech);
    return DIARIST_OK;
}

void dr_speech_mean_get(float *values, const struct dr_speech_mean *mean) {
    int all = mean->num_speech < MIN_SPEECH_FRAMES;
    double num = (double)(all ? mean->num_all : mean->num_speech);
    for (int m = 0; m < DR_MELS; m++)
        values[m] = mean->num_all ? (float)((all ? mean->all : mean->speech)[m] / num) : 0.0f;
}
