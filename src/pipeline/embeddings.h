/* embeddings.h - what is pooled from the trunk's columns for diarization, section by section.
 * SPDX-License-Identifier: MIT
 *
 *   windows of 1.5 s every 0.3 s, over columns where one speaker talks  -> who, along the recording
 *   local speakers of every chunk, over their clean (or active) frames  -> who, in that chunk
 *
 * A recording of one section (plan.h) has one mean over all its speech, which is subtracted from
 * the energies; in a longer one each section is given the mean over all speech up to its end.
 * Sections are cut by time alone, so that neither threads nor feeding change them. */
#ifndef DR_PIPELINE_EMBEDDINGS_H
#define DR_PIPELINE_EMBEDDINGS_H

#include "pipeline/segments.h"
#include "pipeline/speech_mean.h"
#include "pipeline/trunk_pass.h"

struct dr_embeddings {
    struct dr_windows fine;   /* every 0.3 s: resegmentation */
    struct dr_windows coarse; /* every 0.6 s, a subset of fine: clustering */
    struct dr_local_embeddings local;
};

struct dr_embedder {
    struct dr_workers *workers;
    const struct dr_segments *segments;
    struct dr_energies *energies;
    int exclude_overlap; /* embed only where one speaker talks */
    dr_tick_fn *tick;
    void *tick_context;

    struct dr_trunk_pass pass;
    struct dr_speech_mean mean;
    size_t next_centre; /* column of the first window that is not decided */
    size_t next_chunk;  /* whose local speakers are not pooled */

    struct dr_embeddings out;
    size_t fine_room, fine_centre_room, coarse_centre_room, coarse_row_room, local_room, has_room;
    uint32_t *coarse_row;
};

/* What is fixed in size lives in arena. DIARIST_ERROR_MEMORY; close in either case. */
int dr_embedder_open(struct dr_embedder *embedder, struct dr_workers *workers,
                     const struct dr_segments *segments, struct dr_energies *energies,
                     int exclude_overlap, enum dr_column_rate rate, dr_tick_fn *tick,
                     void *tick_context, struct dr_arena *arena, diarist_error *err);
void dr_embedder_close(struct dr_embedder *embedder);

/* Embeds frames up to frame number `end`, the end of a section or, if last, of the recording, and
 * forgets their energies. All chunks that reach into them must be segmented. DIARIST_ERROR_MEMORY
 * or what tick returns. */
int dr_embedder_run(struct dr_embedder *embedder, size_t end, int last, diarist_error *err);

/* usable[num]: 1 for the columns of the grid from `first` on in which as many talk as an embedding
 * may hear. */
void dr_mark_usable(uint8_t *usable, const struct dr_grid *grid, const struct dr_segments *segments,
                    int exclude_overlap, size_t first, size_t num);

#endif
