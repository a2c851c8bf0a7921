/* frames.c - where chunks lie on the frames of the recording.
 * SPDX-License-Identifier: MIT */
#include "reconstruct/frames.h"

#include <math.h>

size_t dr_chunk_frame(size_t first_sample) {
    return (size_t)rint((double)first_sample / DR_FRAME_STEP);
}

size_t dr_first_chunk(const struct dr_segmentation *segmentation, size_t frame) {
    if (frame <= DR_CHUNK_FRAMES)
        return 0;
    return (frame - DR_CHUNK_FRAMES - 1) * DR_FRAME_STEP / segmentation->step;
}

int dr_next_span(struct dr_span *span, size_t *chunk, const struct dr_segmentation *segmentation,
                 size_t first, size_t end) {
    while (*chunk < segmentation->num_chunks) {
        size_t i = (*chunk)++;
        size_t start = dr_chunk_frame(i * segmentation->step);
        if (start >= end)
            return 0;
        size_t low = start < first ? first : start;
        size_t high = start + DR_CHUNK_FRAMES < end ? start + DR_CHUNK_FRAMES : end;
        if (low < high) {
            *span = (struct dr_span){i, low - start, low, high - low};
            return 1;
        }
    }
    return 0;
}

void dr_hamming(float weight[DR_CHUNK_FRAMES]) {
    for (int f = 0; f < DR_CHUNK_FRAMES; f++)
        weight[f] = (float)(0.54 - 0.46 * cos(2 * M_PI * f / (DR_CHUNK_FRAMES - 1)));
}
