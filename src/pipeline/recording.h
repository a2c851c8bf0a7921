/* recording.h - one recording while it is fed: features and segmentation as the samples come.
 * SPDX-License-Identifier: MIT
 *
 * samples -> pending waveform -> rounds of chunks -> logprob [chunks][589][7]
 *                             -> frames           -> energies [frames][80], in blocks
 *
 * Samples are dropped once their chunks and frames are done; what stays is 32 kB of energies and,
 * at a step of 5 s, 3.5 kB of segmentation per second. */
#ifndef DR_PIPELINE_RECORDING_H
#define DR_PIPELINE_RECORDING_H

#include "base/arena.h"
#include "base/threads.h"
#include "pipeline/model.h"
#include "pipeline/plan.h"
#include "types.h"

/* Frames of energies in one block: whole trunk chunks, so that no chunk lies across two. */
enum { DR_BLOCK_FRAMES = 3000 };

struct diarist_recording {
    const struct diarist_model *model;
    const struct dr_networks *networks;
    struct dr_plan plan;
    struct dr_pool *pool;
    struct dr_arena arena;
    float **scratch; /* [num_threads], each for one network or the features */

    float *pending; /* samples [pending_first, num_samples) */
    size_t pending_capacity, pending_first, num_samples;
    size_t round_chunks;
    int ended;

    float **block; /* energies [DR_BLOCK_FRAMES][80] each */
    size_t num_blocks, block_capacity, num_frames;
    float *logprob;
    size_t num_chunks, chunk_capacity;

    double expected_s, start_s;
    diarist_timing timing;
};

/* Runs what is still pending: the last chunks are filled up with silence, or, in a recording of
 * less than one chunk, with its mirror image. Feeding ends here; a second call is an error. */
int dr_recording_end(struct diarist_recording *recording, diarist_error *err);

/* Energies of frame t, [80]. */
static inline const float *dr_recording_frame(const struct diarist_recording *recording, size_t t) {
    return recording->block[t / DR_BLOCK_FRAMES] + t % DR_BLOCK_FRAMES * DR_MELS;
}

/* Tells the caller; fraction < 0: unknown. DIARIST_ERROR_CANCELED when it wants to stop. */
int dr_recording_progress(const struct diarist_recording *recording, diarist_stage stage,
                          double fraction, diarist_error *err);

#endif
