/* trunk_pass.h - one pass of the embedding trunk over a recording, column by column.
 * SPDX-License-Identifier: MIT
 *
 * energies -> minus their mean over speech -> independent chunks of 3 s through the trunk ->
 * columns
 *
 * Chunks are independent and short on purpose: the network's context layers average over a chunk,
 * so a long one mixes its speakers. Columns are handed to the caller as they are done and forgotten
 * when it no longer wants them. */
#ifndef DR_PIPELINE_TRUNK_PASS_H
#define DR_PIPELINE_TRUNK_PASS_H

#include "pipeline/recording.h"

/* Columns [first, end) of the recording; row c - first of columns is column c, [512]. */
struct dr_columns {
    const float *columns;
    size_t first, end;
};

/* Takes what it can of the columns done so far. *keep_from: the first column that it still wants;
 * at most DR_CHUNK_COLUMNS before the end. */
typedef void dr_columns_fn(void *context, const struct dr_columns *columns, size_t *keep_from);

/* Columns that a recording has: one per two frames. */
size_t dr_num_columns(const struct diarist_recording *recording);

/* The segmentation frame whose centre is nearest to that of the column. */
size_t dr_column_frame(size_t column);

/* The mean over frames with speech (of all frames when there is less than 0.5 s of it): mean[80].
 * active[chunks][589] as in dr_segmentation. DIARIST_ERROR_MEMORY. */
int dr_speech_mean(float *mean, const struct diarist_recording *recording, const uint8_t *active,
                   diarist_error *err);

/* Runs the pass. wanted[num_columns]: chunks in which no column is wanted are skipped and read as
 * zeros. DIARIST_ERROR_MEMORY, DIARIST_ERROR_CANCELED. */
int dr_trunk_pass(struct diarist_recording *recording, const float *mean, const uint8_t *wanted,
                  dr_columns_fn *take, void *context, diarist_error *err);

#endif
