/* turns.h - who spoke when, from activity.
 * SPDX-License-Identifier: MIT
 *
 * score [frames][speakers], count -> the count best of each frame -> runs of frames per speaker
 *   -> short pauses filled, short turns dropped -> turns, and the exclusive view */
#ifndef DR_RECONSTRUCT_TURNS_H
#define DR_RECONSTRUCT_TURNS_H

#include "reconstruct/activity.h"
#include "reconstruct/runs.h"

/* Turns sorted by start, then speaker; speakers are numbered by first appearance. */
struct dr_turns {
    size_t num_turns, num_exclusive, num_speakers;
    struct dr_turn *turn;      /* several speakers may talk at once */
    struct dr_turn *exclusive; /* disjoint; together they cover what turn covers */
    uint32_t *order;           /* [num_speakers]: what number speaker i had before */
};

/* When frames begin: frame f at first_s + f * DR_FRAME_S, but none after end_s. */
struct dr_frame_times {
    double first_s, end_s;
};

/* Everything after the runs are known; out lives in arena. -1 when there is no memory. */
int dr_turns_of_runs(struct dr_turns *out, struct dr_run_builder *builder,
                     const struct dr_frame_times *times, const struct dr_reconstruct_params *params,
                     struct dr_arena *arena);

/* Everything in out lives in arena. Speakers who never talk are left out. A turn's confidence is
 * the mean of its speaker's probability over its frames; an exclusive turn has that of the turn it
 * is part of. overlap says that another speaker talks during part of the stretch.
 * DIARIST_ERROR_MEMORY. */
int dr_reconstruct(struct dr_turns *out, const struct dr_reconstruct_input *in,
                   const struct dr_reconstruct_params *params, struct dr_arena *arena,
                   diarist_error *err);

/* Speech of anybody: one speaker who talks wherever count is not 0 or, where params have an onset,
 * as speech passes onset and offset. count, speech [num_frames] from dr_counter_settle. Both views
 * are the same. */
int dr_reconstruct_speech(struct dr_turns *out, const uint8_t *count, const float *speech,
                          size_t num_frames, size_t num_samples,
                          const struct dr_reconstruct_params *params, struct dr_arena *arena,
                          diarist_error *err);

#endif
