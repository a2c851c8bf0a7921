/* voices.c - from columns of the trunk to embeddings: of windows along the recording, and of the
 * local speakers of a chunk.
 * SPDX-License-Identifier: MIT */
#include "pipeline/voices.h"

#include <string.h>

#include "embedding/pooling.h"
#include "pipeline/grids.h"

enum {
    HALF_CENTRE = 8, /* the 16 columns around the centre, */
    MIN_CENTRE = 4,  /* of which so many must be usable */
    MIN_WINDOW = 25, /* usable columns in a window: 0.5 s */
    MIN_CLEAN = 12,  /* frames; with fewer a local speaker is pooled over all active ones */
    MIN_LOCAL = 8    /* columns that a local speaker needs */
};
_Static_assert((int)DR_VOICE_SCRATCH >= 2 * 2 * DR_COLUMN_DIM + 2 * DR_COLUMN_DIM,
               "sums are doubles");

static size_t count_usable(const uint8_t *usable, size_t first, size_t end, size_t centre,
                           size_t half) {
    size_t from = centre > half ? centre - half : 0, to = centre + half < end ? centre + half : end;
    size_t n = 0;
    for (size_t c = from; c < to; c++)
        n += usable[c - first];
    return n;
}

int dr_is_window(const uint8_t *usable, size_t first, size_t end, size_t centre) {
    return count_usable(usable, first, end, centre, DR_HALF_WINDOW) >= MIN_WINDOW &&
           count_usable(usable, first, end, centre, HALF_CENTRE) >= MIN_CENTRE;
}

/* Sums in scratch: 2 x 512 doubles, then 1024 floats of statistics. */
static struct dr_pooled new_sums(float *scratch, float **statistics) {
    struct dr_pooled pooled = {DR_COLUMN_DIM, (double *)(void *)scratch, NULL, 0};
    pooled.squares = pooled.sum + DR_COLUMN_DIM;
    *statistics = (float *)(void *)(pooled.squares + DR_COLUMN_DIM);
    memset(pooled.sum, 0, 2 * DR_COLUMN_DIM * sizeof(double));
    return pooled;
}

void dr_embed_window(struct dr_embedding *out, const struct dr_embed_worker *worker,
                     const float *columns, const uint8_t *usable, size_t num) {
    float *statistics, embedding[DR_EMBEDDING_DIM];
    struct dr_pooled pooled = new_sums(worker->scratch, &statistics);
    dr_pooled_add(&pooled, worker->kernels, columns, usable, num);
    dr_pooled_statistics(statistics, &pooled);
    dr_campplus_head(worker->campplus, embedding, statistics, 1);
    dr_normalise(embedding, DR_EMBEDDING_DIM);
    dr_embedding_pack(out, embedding);
}

/* keep[num]: columns of a chunk in which local speaker q talks, alone if it does so enough. */
static void local_columns(uint8_t *keep, const uint8_t *active, int q, int exclude_overlap,
                          size_t num) {
    size_t num_clean = 0;
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++)
        num_clean += dr_clean(active[f]) >> q & 1;
    int use_clean = exclude_overlap && num_clean >= MIN_CLEAN;
    for (size_t c = 0; c < num; c++) {
        size_t f = dr_nearest_chunk_frame(&dr_column_grid, c);
        keep[c] = (use_clean ? dr_clean(active[f]) : active[f]) >> q & 1;
    }
}

void dr_embed_local_speakers(struct dr_embedding *out, uint8_t *has,
                             const struct dr_embed_worker *worker, const float *columns, size_t num,
                             const uint8_t *active, int exclude_overlap) {
    uint8_t keep[DR_CHUNK_COLUMNS];
    for (int q = 0; q < DR_LOCAL_SPEAKERS; q++) {
        float *statistics, embedding[DR_EMBEDDING_DIM];
        struct dr_pooled pooled = new_sums(worker->scratch, &statistics);
        local_columns(keep, active, q, exclude_overlap, num);
        if (num >= MIN_LOCAL)
            dr_pooled_add(&pooled, worker->kernels, columns, keep, num);
        has[q] = pooled.n >= MIN_LOCAL;
        if (!has[q])
            continue;
        dr_pooled_statistics(statistics, &pooled);
        dr_campplus_head(worker->campplus, embedding, statistics, 1);
        dr_embedding_pack(&out[q], embedding);
    }
}
