/* speech_mean.c - what is subtracted from the energies: their mean over speech, as it comes.
 * SPDX-License-Identifier: MIT */
#include "pipeline/speech_mean.h"

#include <stdlib.h>

#include "pipeline/grids.h"

enum { MIN_SPEECH_FRAMES = 50 };

int dr_speech_mean_add(struct dr_speech_mean *mean, const struct dr_energies *energies,
                       const struct dr_segmentation *segmentation, size_t first, size_t end,
                       diarist_error *err) {
    uint8_t *speech = calloc(end - first + 1, sizeof *speech);
    if (!speech)
        return dr_fail_memory(err);
    dr_mark_active(speech, &dr_fbank_grid, segmentation, first, end);
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
