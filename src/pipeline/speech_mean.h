/* speech_mean.h - what is subtracted from the energies: their mean over speech, as it comes.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_SPEECH_MEAN_H
#define DR_PIPELINE_SPEECH_MEAN_H

#include "pipeline/energies.h"

/* Sums over the frames so far: those with speech, and all. */
struct dr_speech_mean {
    double speech[DR_MELS], all[DR_MELS];
    size_t num_speech, num_all;
};

/* Adds frames [first, end). All chunks that reach into them must be in the segmentation.
 * DIARIST_ERROR_MEMORY. */
int dr_speech_mean_add(struct dr_speech_mean *mean, const struct dr_energies *energies,
                       const struct dr_segmentation *segmentation, size_t first, size_t end,
                       diarist_error *err);

/* values[80]: the mean over speech, or over all frames while there is less than 0.5 s of it. */
void dr_speech_mean_get(float *values, const struct dr_speech_mean *mean);

#endif
