/* voices.h - from columns of the trunk to embeddings: of windows along the recording, and of the
 * local speakers of a chunk.
 * SPDX-License-Identifier: MIT
 *
 * A window is DR_HALF_WINDOW columns on either side of its centre; of its columns those count at
 * which one speaker talks. */
#ifndef DR_PIPELINE_VOICES_H
#define DR_PIPELINE_VOICES_H

#include "embedding/campplus.h"
#include "types.h"

enum {
    DR_FINE_HOP = 15,   /* columns between windows: 0.3 s */
    DR_COARSE_HOP = 30, /* between those that are clustered: 0.6 s */
    DR_HALF_WINDOW = 37 /* 1.5 s / 2, rounded down */
};
#define DR_HALF_WINDOW_S ((double)DR_HALF_WINDOW * DR_COLUMN_STEP / DR_SAMPLE_RATE)

/* What a thread embeds with. */
struct dr_embed_worker {
    const struct dr_kernels *kernels;
    const struct dr_campplus *campplus;
    float *scratch; /* [DR_VOICE_SCRATCH] */
};
enum { DR_VOICE_SCRATCH = 3 * 2 * DR_COLUMN_DIM };

/* Seconds of the middle of a column. */
static inline double dr_window_centre_s(size_t centre) {
    return (double)(centre * DR_COLUMN_STEP + DR_COLUMN_CENTRE) / DR_SAMPLE_RATE;
}

/* First column of the window. */
static inline size_t dr_window_begin(size_t centre) {
    return centre > DR_HALF_WINDOW ? centre - DR_HALF_WINDOW : 0;
}

/* Whether there is enough to be heard in it. usable: of columns [first, end) of the recording. */
int dr_is_window(const uint8_t *usable, size_t first, size_t end, size_t centre);

/* The usable ones of columns [num][512], at unit length. */
void dr_embed_window(struct dr_embedding *out, const struct dr_embed_worker *worker,
                     const float *columns, const uint8_t *usable, size_t num);

/* out, has [3] of a chunk: columns [num <= DR_CHUNK_COLUMNS][512], active [589]. With
 * exclude_overlap a speaker is heard where nobody else talks, if it does so enough. */
void dr_embed_local_speakers(struct dr_embedding *out, uint8_t *has,
                             const struct dr_embed_worker *worker, const float *columns, size_t num,
                             const uint8_t *active, int exclude_overlap);

#endif
