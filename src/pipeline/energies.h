/* energies.h - features of the part of a recording that the embedding pass has still to see.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_ENERGIES_H
#define DR_PIPELINE_ENERGIES_H

#include "pipeline/workers.h"
#include "types.h"

/* Frames in one block: whole trunk chunks, so that no chunk lies across two. */
enum { DR_BLOCK_FRAMES = 3000 };

struct dr_energies {
    float **block; /* [num_blocks], each [DR_BLOCK_FRAMES][80]; the first is number first_block */
    size_t first_block; /* those before it are forgotten */
    size_t num_blocks, room;
    size_t num_frames; /* so far, the forgotten ones counted */
};

/* Frames up to frame number `end`; samples: from the start of the next frame on.
 * DIARIST_ERROR_MEMORY. */
int dr_energies_add(struct dr_energies *energies, struct dr_workers *workers, const float *samples,
                    size_t end, diarist_error *err);

/* Forgets whole blocks of frames before frame number `frame`. */
void dr_energies_forget(struct dr_energies *energies, size_t frame);
void dr_energies_close(struct dr_energies *energies);

/* Frame t, [80]. */
static inline const float *dr_energies_frame(const struct dr_energies *energies, size_t t) {
    return energies->block[t / DR_BLOCK_FRAMES - energies->first_block] +
           t % DR_BLOCK_FRAMES * DR_MELS;
}

#endif
