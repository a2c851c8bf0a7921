/* embeddings.h - what is pooled from the trunk's columns for diarization.
 * SPDX-License-Identifier: MIT
 *
 *   windows of 1.5 s every 0.3 s, over columns where one speaker talks   -> who, along the
 * recording every local speaker of every chunk, over its clean (or active) frames -> who, in that
 * chunk */
#ifndef DR_PIPELINE_EMBEDDINGS_H
#define DR_PIPELINE_EMBEDDINGS_H

#include "pipeline/recording.h"

struct dr_embeddings {
    struct dr_windows fine;   /* every 0.3 s: resegmentation */
    struct dr_windows coarse; /* every 0.6 s, a subset of fine: clustering */
    struct dr_local_embeddings local;
};

/* Runs the trunk over the recording. usable[num_columns]: 1 where the windows may look.
 * Everything in out lives in arena. DIARIST_ERROR_MEMORY, DIARIST_ERROR_CANCELED. */
int dr_embeddings_make(struct dr_embeddings *out, struct diarist_recording *recording,
                       const struct dr_segmentation *segmentation, const uint8_t *usable,
                       struct dr_arena *arena, diarist_error *err);

#endif
