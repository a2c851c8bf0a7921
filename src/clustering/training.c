/* training.c - which embeddings tell clusters apart.
 * SPDX-License-Identifier: MIT */
#include "clustering/training.h"

#include "clustering/plda.h"

#include <math.h>

enum { Q = DR_LOCAL_SPEAKERS, DIM = DR_XVECTOR_DIM };

/* An embedding without a direction has no place among unit vectors. */
static int has_direction(const float *embedding) {
    int any = 0;
    for (size_t d = 0; d < DIM; d++) {
        if (!isfinite(embedding[d]))
            return 0;
        any |= embedding[d] != 0;
    }
    return any;
}

static size_t clean_frames(const uint8_t *active, int local) {
    size_t frames = 0;
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++)
        frames += active[f] == 1 << local;
    return frames;
}

int dr_training_select(struct dr_training *out, const struct dr_segmentation *segmentation,
                       const float *embeddings, double min_clean_ratio, struct dr_arena *arena,
                       diarist_error *err) {
    *out = (struct dr_training){0};
    out->local = dr_arena_alloc(arena, segmentation->num_chunks * Q, sizeof *out->local);
    if (!out->local)
        return dr_fail_memory(err);
    for (size_t c = 0; c < segmentation->num_chunks; c++) {
        for (int q = 0; q < Q; q++) {
            size_t at = c * Q + (size_t)q;
            const uint8_t *active = segmentation->active + c * DR_CHUNK_FRAMES;
            if ((double)clean_frames(active, q) >= min_clean_ratio * DR_CHUNK_FRAMES &&
                has_direction(embeddings + at * DIM))
                out->local[out->num++] = (uint32_t)at;
        }
    }
    return DIARIST_OK;
}
