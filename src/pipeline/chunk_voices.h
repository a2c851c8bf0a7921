/* chunk_voices.h - the voices of each chunk: an embedding for each of its local speakers.
 * SPDX-License-Identifier: MIT
 *
 * samples of a chunk -> energies [998][80] - their mean -> columns [125][2560] \
 *                                                                               -> pooled over the
 * energies of the recording -> trunk pass -> columns under the chunk           /
 *   frames of a local speaker -> embedding [256]
 *
 * The first way is pyannote.audio's; the second runs the trunk over each second once, not as often
 * as chunks overlap. Which frames: as in its get_embeddings those where the speaker talks alone, or
 * all of its frames when these are too few. 3 KiB a chunk stay. */
#ifndef DR_PIPELINE_CHUNK_VOICES_H
#define DR_PIPELINE_CHUNK_VOICES_H

#include "pipeline/segments.h"
#include "pipeline/trunk_pass.h"

struct dr_chunk_voices {
    struct dr_workers *workers;
    const struct dr_segments *segments;
    int exclude_overlap; /* embed only where one speaker talks */
    size_t num_chunks, room;
    float *embedding; /* [num_chunks][3][256]; of no meaning for one who is never active */

    struct dr_energies *energies; /* NULL: chunk by chunk */
    struct dr_trunk_pass pass;
    dr_tick_fn *tick;
    void *tick_context;
};

/* Floats of a worker's scratch that chunk by chunk takes. */
size_t dr_chunk_voices_scratch(void);

/* Chunk by chunk. Close in any case. */
void dr_chunk_voices_open(struct dr_chunk_voices *voices, struct dr_workers *workers,
                          const struct dr_segments *segments, int exclude_overlap);

/* One pass over the recording. What is fixed in size lives in arena. DIARIST_ERROR_MEMORY; close in
 * any case. */
int dr_chunk_voices_open_pass(struct dr_chunk_voices *voices, struct dr_workers *workers,
                              const struct dr_segments *segments, struct dr_energies *energies,
                              int exclude_overlap, dr_tick_fn *tick, void *tick_context,
                              struct dr_arena *arena, diarist_error *err);
void dr_chunk_voices_close(struct dr_chunk_voices *voices);

/* Chunk by chunk: the next num chunks, which are segmented; samples: of the first of them.
 * DIARIST_ERROR_MEMORY. */
int dr_chunk_voices_add(struct dr_chunk_voices *voices, const float *samples, size_t num,
                        diarist_error *err);

/* One pass: as far as the energies at hand allow, or, if last, to their end, and forgets those that
 * it needs no more. All chunks that reach before frame number `end` must be segmented.
 * DIARIST_ERROR_MEMORY or what tick returns. */
int dr_chunk_voices_run(struct dr_chunk_voices *voices, size_t end, int last, diarist_error *err);

#endif
