/* grids.h - where the grids of types.h lie on one another.
 * SPDX-License-Identifier: MIT
 *
 * An item of a grid (an fbank frame, a column of a trunk) is said of the segmentation frame whose
 * centre is nearest to its own. */
#ifndef DR_PIPELINE_GRIDS_H
#define DR_PIPELINE_GRIDS_H

#include "embedding/resnet34.h"
#include "types.h"

struct dr_grid {
    size_t step, centre; /* samples; item i is centred at i * step + centre */
    size_t num_in_chunk;
};

enum {
    DR_CHUNK_FBANK = (DR_CHUNK_SAMPLES - DR_FBANK_LENGTH) / DR_FBANK_STEP + 1, /* frames */
    DR_RESNET34_COLUMN_STEP = DR_RESNET34_COLUMN_FRAMES * DR_FBANK_STEP,       /* samples */
    DR_RESNET34_CHUNK_COLUMNS = DR_CHUNK_SAMPLES / DR_RESNET34_COLUMN_STEP
};

extern const struct dr_grid dr_fbank_grid, dr_column_grid, dr_resnet34_grid;

/* Of the recording, or of the chunk if the item is counted from its start; there it may be beyond
 * the last one. */
size_t dr_nearest_frame(const struct dr_grid *grid, size_t item);

/* The same in a chunk, at most its last frame. */
size_t dr_nearest_chunk_frame(const struct dr_grid *grid, size_t item);

/* mark[i - first] becomes 1 for the items i of [first, end) at which somebody talks in any chunk;
 * the others stay. */
void dr_mark_active(uint8_t *mark, const struct dr_grid *grid,
                    const struct dr_segmentation *segmentation, size_t first, size_t end);

#endif
