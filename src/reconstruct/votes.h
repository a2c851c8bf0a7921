/* votes.h - who talks at each frame by the votes of the chunks that cover it, as pyannote.audio has
 * it.
 * SPDX-License-Identifier: MIT
 *
 * active local speakers, through assign -> votes [frames][speakers]
 *                                       -> mean over the chunks of how many talk -> round -> count
 * -> the count speakers of most votes -> runs of frames -> turns
 * A frame may count more speakers than have votes: of those without, the lowest number talks, which
 * may be one that no local speaker was put on. */
#ifndef DR_RECONSTRUCT_VOTES_H
#define DR_RECONSTRUCT_VOTES_H

#include "reconstruct/turns.h"

/* Where votes stand: a block of frames at a time. */
struct dr_votes {
    const struct dr_segmentation *segmentation;
    const int32_t *assign;
    size_t num_speakers, num_frames;
    unsigned max_count;
    size_t first, num; /* frames of the block that was counted last */
    float *votes;      /* [num][num_speakers] chunks in which each speaker talks */
    float *covered;    /* [num] chunks */
    uint8_t *count;    /* [num] speakers who talk */
};

/* assign: [num_chunks][3], negative: nobody. max_count: the most who may talk at once. num_speakers
 * is at least DR_LOCAL_SPEAKERS afterwards. Allocates in arena. DIARIST_ERROR_MEMORY. */
int dr_votes_open(struct dr_votes *votes, const struct dr_segmentation *segmentation,
                  const int32_t *assign, size_t num_speakers, unsigned max_count,
                  struct dr_arena *arena, diarist_error *err);

/* Counts the next block, the first one at first; num is 0 after the last. */
void dr_votes_next(struct dr_votes *votes);

/* Turns by votes. Times of a turn are the middles of its first frame and of the first after it, or
 * end_s: a chunk that is filled up with silence may end a turn behind the end of the recording.
 * order of out may have speakers from num_speakers on. DIARIST_ERROR_MEMORY. */
int dr_reconstruct_votes(struct dr_turns *out, const struct dr_segmentation *segmentation,
                         const int32_t *assign, size_t num_speakers, unsigned max_count,
                         double end_s, const struct dr_reconstruct_params *params,
                         struct dr_arena *arena, diarist_error *err);

#endif
