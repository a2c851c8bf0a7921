/* segments.h - segmentation of a recording as its samples come, and how many talk.
 * SPDX-License-Identifier: MIT
 *
 * samples -> chunks, in batches through the network -> logprob [589][7] -> active, marginal
 *                                                                       -> count
 * Log-probabilities are forgotten at once: 4 bytes a frame of each chunk stay, and one a frame of
 * the recording. */
#ifndef DR_PIPELINE_SEGMENTS_H
#define DR_PIPELINE_SEGMENTS_H

#include "pipeline/workers.h"
#include "reconstruct/count.h"
#include "types.h"

struct dr_segments {
    struct dr_workers *workers;
    size_t step; /* samples between chunks */
    struct dr_reconstruct_params params;
    size_t round;                         /* chunks that are worked on together */
    float *logprob;                       /* [round][589][7] */
    struct dr_chunk_marginals *marginals; /* [round] */

    size_t num_chunks;
    uint8_t *active, *marginal; /* as in dr_segmentation */
    size_t active_room, marginal_room;

    struct dr_counter counter; /* counter.first frames are settled */
    size_t count_room, speech_room;
    uint8_t *count; /* [settled frames] speakers at once */
    float *speech;  /* [settled frames] probability that anybody talks; NULL: not wanted */
    int wants_speech;
};

/* round: the most chunks that are worked on at a time; what is fixed in size lives in arena.
 * DIARIST_ERROR_MEMORY; close in either case. */
int dr_segments_open(struct dr_segments *segments, struct dr_workers *workers, size_t step,
                     const struct dr_reconstruct_params *params, size_t round, int wants_speech,
                     struct dr_arena *arena, diarist_error *err);
void dr_segments_close(struct dr_segments *segments);

/* The next num chunks; samples: of the first of them. DIARIST_ERROR_MEMORY. */
int dr_segments_add(struct dr_segments *segments, const float *samples, size_t num,
                    diarist_error *err);

/* Settles the frames that no later chunk reaches, when there will be one. DIARIST_ERROR_MEMORY. */
int dr_segments_settle(struct dr_segments *segments, diarist_error *err);

/* Settles all frames of a recording of num_samples. DIARIST_ERROR_MEMORY. */
int dr_segments_finish(struct dr_segments *segments, size_t num_samples, diarist_error *err);

/* What there is so far; borrowed. */
struct dr_segmentation dr_segments_view(const struct dr_segments *segments, size_t num_samples);

#endif
