/* training.h - which embeddings tell clusters apart.
 * SPDX-License-Identifier: MIT
 *
 * Those of local speakers who talk alone for long enough, as pyannote.audio's
 * BaseClustering.filter_embeddings has it. */
#ifndef DR_CLUSTERING_TRAINING_H
#define DR_CLUSTERING_TRAINING_H

#include "base/arena.h"
#include "base/error.h"
#include "types.h"

/* Local speaker q of chunk c is number 3 c + q. */
struct dr_training {
    size_t num;
    uint32_t *local; /* [num] ascending */
};

/* embeddings [num_chunks][3][256]. Taken are those of local speakers who talk alone on at least
 * min_clean_ratio of the chunk's frames, unless a value is not finite or all are 0. Lives in
 * arena. DIARIST_ERROR_MEMORY. */
int dr_training_select(struct dr_training *out, const struct dr_segmentation *segmentation,
                       const float *embeddings, double min_clean_ratio, struct dr_arena *arena,
                       diarist_error *err);

#endif
