/* frames.h - where chunks lie on the frames of the recording.
 * SPDX-License-Identifier: MIT
 *
 * Chunk i starts at frame round(i * step / 270), halves to even. */
#ifndef DR_RECONSTRUCT_FRAMES_H
#define DR_RECONSTRUCT_FRAMES_H

#include "types.h"

/* Frames [frame, frame + num) of the recording are [in_chunk, in_chunk + num) of chunk. */
struct dr_span {
    size_t chunk, in_chunk, frame, num;
};

/* Where the chunk that starts at this sample begins. */
size_t dr_chunk_frame(size_t first_sample);

/* A chunk before which none reaches the frame. */
size_t dr_first_chunk(const struct dr_segmentation *segmentation, size_t frame);

/* The part of the next chunk, from *chunk on, that lies in frames [first, end); 0 when there is
 * none. *chunk then is the one after it. */
int dr_next_span(struct dr_span *span, size_t *chunk, const struct dr_segmentation *segmentation,
                 size_t first, size_t end);

/* Weights of the frames of a chunk: 0.54 - 0.46 cos(2 pi f / 588). */
void dr_hamming(float weight[DR_CHUNK_FRAMES]);

#endif
