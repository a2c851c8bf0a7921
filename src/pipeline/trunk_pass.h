/* trunk_pass.h - one pass of the embedding trunk over a recording, column by column.
 * SPDX-License-Identifier: MIT
 *
 * energies -> minus their mean over speech -> chunks of 3 s, each alone through the trunk
 *          -> columns
 *
 * Chunks are independent and short on purpose: the network's context layers average over a chunk,
 * so a long one mixes its speakers. Columns are handed to the caller as they are done and forgotten
 * when it no longer wants them. */
#ifndef DR_PIPELINE_TRUNK_PASS_H
#define DR_PIPELINE_TRUNK_PASS_H

#include "pipeline/energies.h"

enum {
    DR_TRUNK_FRAMES = 300,    /* of one chunk: 3 s */
    DR_TRUNK_MIN_FRAMES = 20, /* a shorter rest is extended backwards by as many at most */
};

struct dr_trunk_pass {
    struct dr_workers *workers;
    const struct dr_energies *energies;
    size_t num_frames; /* passed so far */
    float *columns;    /* [end - first][512]: columns first to end of the recording */
    size_t first, end;
};

/* Takes what it can of the columns at hand. *keep_from: the first column that it still wants; at
 * most DR_CHUNK_COLUMNS before the end. Returns a status. */
typedef int dr_columns_fn(void *context, const struct dr_trunk_pass *pass, size_t *keep_from,
                          diarist_error *err);

/* Columns that so many frames have: one per two. */
size_t dr_num_columns(size_t num_frames);

/* Starts before the first frame. Memory lives in arena. DIARIST_ERROR_MEMORY. */
int dr_trunk_pass_open(struct dr_trunk_pass *pass, struct dr_workers *workers,
                       const struct dr_energies *energies, struct dr_arena *arena,
                       diarist_error *err);

/* Goes on to frame number `end`, which is a multiple of DR_TRUNK_FRAMES or the recording's end, and
 * hands out columns as they come, at least once. mean[80]. wanted: one for each column from
 * pass->end on; chunks in which none is wanted are skipped and read as zeros. A status, that of
 * take. */
int dr_trunk_pass_run(struct dr_trunk_pass *pass, size_t end, const float *mean,
                      const uint8_t *wanted, dr_columns_fn *take, void *context,
                      diarist_error *err);

#endif
