/* grids.c - where the grids of types.h lie on one another.
 * SPDX-License-Identifier: MIT */
#include "pipeline/grids.h"

#include <math.h>

const struct dr_grid dr_fbank_grid = {DR_FBANK_STEP, DR_FBANK_LENGTH / 2, DR_CHUNK_FBANK};
const struct dr_grid dr_column_grid = {DR_COLUMN_STEP, DR_COLUMN_CENTRE, DR_CHUNK_COLUMNS};
const struct dr_grid dr_resnet34_grid = {DR_RESNET34_COLUMN_STEP, DR_FBANK_LENGTH / 2,
                                         DR_RESNET34_CHUNK_COLUMNS};

size_t dr_nearest_frame(const struct dr_grid *grid, size_t item) {
    double centre = (double)(item * grid->step + grid->centre);
    double frame = rint((centre - DR_FRAME_DURATION / 2.0) / DR_FRAME_STEP);
    return frame > 0.0 ? (size_t)frame : 0;
}

size_t dr_nearest_chunk_frame(const struct dr_grid *grid, size_t item) {
    size_t frame = dr_nearest_frame(grid, item);
    return frame < DR_CHUNK_FRAMES ? frame : DR_CHUNK_FRAMES - 1;
}

void dr_mark_active(uint8_t *mark, const struct dr_grid *grid,
                    const struct dr_segmentation *segmentation, size_t first, size_t end) {
    uint16_t nearest[DR_CHUNK_FBANK]; /* the most of all grids */
    for (size_t k = 0; k < grid->num_in_chunk; k++)
        nearest[k] = (uint16_t)dr_nearest_chunk_frame(grid, k);
    size_t chunk = first < grid->num_in_chunk
                       ? 0
                       : (first - grid->num_in_chunk) * grid->step / segmentation->step;
    for (; chunk < segmentation->num_chunks; chunk++) {
        const uint8_t *active = segmentation->active + chunk * DR_CHUNK_FRAMES;
        size_t begin = chunk * segmentation->step / grid->step;
        size_t from = begin < first ? first - begin : 0;
        for (size_t k = from; k < grid->num_in_chunk && begin + k < end; k++)
            mark[begin + k - first] |= active[nearest[k]] != 0;
        if (begin >= end)
            return;
    }
}
