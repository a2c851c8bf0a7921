/* trunk_pass.h - one pass of the embedding trunk over a recording, column by column.
 * SPDX-License-Identifier: MIT
 *
 * energies -> minus a mean -> parts, each through the trunk -> columns
 *
 * CAM++: parts of 3 s, each alone, minus the mean over speech. They are independent and short on
 * purpose: the network's context layers average over a part, so a long one mixes its speakers.
 * ResNet34: parts of 20 s with as much around them as their columns depend on, so that they come
 * out as in one piece, minus the mean of the 10 s around each frame: what it is given window by
 * window, and at the ends of the recording the mean of the first and the last window.
 *
 * Columns are handed to the caller as they are done and forgotten when it no longer wants them. */
#ifndef DR_PIPELINE_TRUNK_PASS_H
#define DR_PIPELINE_TRUNK_PASS_H

#include "pipeline/energies.h"
#include "pipeline/grids.h"

/* How a network goes over a recording. Frames, but for column_dim. */
struct dr_trunk {
    size_t part;             /* that are worked on together: whole columns */
    size_t min_part;         /* a shorter rest is extended backwards */
    size_t context;          /* on either side of a part */
    size_t mean;             /* around each, whose mean is subtracted; 0: the caller gives one */
    size_t parts_per_thread; /* in one round */
    size_t column_dim;
    const struct dr_grid *grid; /* of the columns */
};

struct dr_trunk_pass {
    const struct dr_trunk *trunk;
    struct dr_workers *workers;
    const struct dr_energies *energies;
    enum dr_column_rate rate; /* of CAM++ */
    size_t num_frames;        /* passed so far */
    float *columns;           /* [end - first][column_dim]: columns first to end of the recording */
    size_t first, end;
};

/* Takes what it can of the columns at hand. *keep_from: the first column that it still wants; at
 * most a chunk of them before the end. Returns a status. */
typedef int dr_columns_fn(void *context, const struct dr_trunk_pass *pass, size_t *keep_from,
                          diarist_error *err);

/* Called now and then while a recording is embedded. Returns a status. */
typedef int dr_tick_fn(void *context, diarist_error *err);

/* The architecture's. */
const struct dr_trunk *dr_trunk_of(enum dr_architecture architecture);

/* Columns that so many frames have. */
size_t dr_num_columns(const struct dr_trunk *trunk, size_t num_frames);

/* Frames before and behind a part that are read with it. */
size_t dr_trunk_reach(const struct dr_trunk *trunk);

/* Floats of a worker's scratch that a pass takes. */
size_t dr_trunk_pass_scratch(enum dr_architecture architecture);

/* Starts before the first frame. Memory lives in arena. DIARIST_ERROR_MEMORY. */
int dr_trunk_pass_open(struct dr_trunk_pass *pass, struct dr_workers *workers,
                       const struct dr_energies *energies, enum dr_column_rate rate,
                       struct dr_arena *arena, diarist_error *err);

/* Goes on to frame number `end`, which is a multiple of the trunk's part, with its reach of frames
 * behind it at hand, or the recording's end, and hands out columns as they come, at least once.
 * mean[80]: not read where the trunk has its own. wanted: one for each column from pass->end on;
 * parts in which none is wanted are skipped and read as zeros. A status, that of take. */
int dr_trunk_pass_run(struct dr_trunk_pass *pass, size_t end, const float *mean,
                      const uint8_t *wanted, dr_columns_fn *take, void *context,
                      diarist_error *err);

/* Column c, at hand. */
static inline const float *dr_trunk_column(const struct dr_trunk_pass *pass, size_t c) {
    return pass->columns + (c - pass->first) * pass->trunk->column_dim;
}

#endif
