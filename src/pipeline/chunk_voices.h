/* chunk_voices.h - the voices of each chunk: ResNet34 over its 10 s once, then an embedding for
 * each of its local speakers. SPDX-License-Identifier: MIT
 *
 * samples of a chunk -> energies [998][80] - their mean -> map -> pooled over the frames of a local
 *   speaker -> embedding [256]
 *
 * As pyannote.audio's get_embeddings: over the frames where the speaker talks alone, or over all of
 * its frames when these are too few. 3 KiB a chunk stay. */
#ifndef DR_PIPELINE_CHUNK_VOICES_H
#define DR_PIPELINE_CHUNK_VOICES_H

#include "pipeline/segments.h"

struct dr_chunk_voices {
    struct dr_workers *workers;
    const struct dr_segments *segments;
    int exclude_overlap; /* embed only where one speaker talks */
    size_t num_chunks, room;
    float *embedding; /* [num_chunks][3][256]; of no meaning for one who is never active */
};

/* Floats of a worker's scratch that it takes. */
size_t dr_chunk_voices_scratch(void);

/* Close in any case. */
void dr_chunk_voices_open(struct dr_chunk_voices *voices, struct dr_workers *workers,
                          const struct dr_segments *segments, int exclude_overlap);
void dr_chunk_voices_close(struct dr_chunk_voices *voices);

/* The next num chunks, which are segmented; samples: of the first of them. DIARIST_ERROR_MEMORY. */
int dr_chunk_voices_add(struct dr_chunk_voices *voices, const float *samples, size_t num,
                        diarist_error *err);

#endif
