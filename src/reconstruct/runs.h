/* runs.h - from frames to stretches of frames, as the frames come.
 * SPDX-License-Identifier: MIT
 *
 * Per frame the count most active speakers talk (of equals the lower number), each if its score is
 * above min_activity. Memory grows with the number of runs, not of frames. */
#ifndef DR_RECONSTRUCT_RUNS_H
#define DR_RECONSTRUCT_RUNS_H

#include "base/arena.h"

#include <stdint.h>

/* Frames [first, end) of one speaker. before, after: sum of its probability over all frames up to
 * first and up to end. */
struct dr_run {
    uint32_t speaker;
    size_t first, end;
    double before, after;
};

struct dr_run_list {
    struct dr_run *run;
    size_t num, room;
};

struct dr_run_builder {
    size_t num_speakers, frame;
    float min_activity;
    struct dr_arena *arena;
    struct dr_run *open;     /* [num_speakers] run at work; end is 0 when there is none */
    double *sum;             /* [num_speakers] of probability so far */
    uint8_t *talks;          /* [num_speakers] at this frame */
    struct dr_run open_best; /* of the most active speaker; end is 0 when there is none */
    struct dr_run_list all;  /* in order of their ends */
    struct dr_run_list best; /* most active speaker only: disjoint, in order */
};

/* Allocates in arena; -1 when there is no memory. */
int dr_run_builder_init(struct dr_run_builder *builder, size_t num_speakers, float min_activity,
                        struct dr_arena *arena);

/* The next frame: score, probability [num_speakers]. -1 when there is no memory. */
int dr_run_builder_add(struct dr_run_builder *builder, const float *score, const float *probability,
                       unsigned count);

/* Ends all runs. */
int dr_run_builder_finish(struct dr_run_builder *builder);

#endif
