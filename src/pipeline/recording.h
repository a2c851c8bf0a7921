/* recording.h - one recording while it is fed: each stage as soon as what it needs is there.
 * SPDX-License-Identifier: MIT
 *
 * samples -> pending waveform -> rounds of chunks   -> segmentation, count
 *                             -> frames -> energies -> sections of 10 minutes -> embeddings
 *
 * Samples are dropped once their chunks and frames are done, energies once their section is
 * embedded. What stays at a step of 5 s is 1.6 kB a second: 0.5 of segmentation, 0.7 of windows and
 * 0.1 of local speakers, and what later stages make of them. */
#ifndef DR_PIPELINE_RECORDING_H
#define DR_PIPELINE_RECORDING_H

#include "pipeline/chunk_voices.h"
#include "pipeline/embeddings.h"
#include "pipeline/plan.h"

struct diarist_recording {
    struct dr_plan plan;
    struct dr_arena arena;
    struct dr_workers workers;

    float *pending; /* samples [pending_first, num_samples) */
    size_t pending_capacity, pending_first, num_samples;
    size_t round_chunks;
    int ended;

    struct dr_segments segments;
    struct dr_energies energies; /* what is left of them; all of them to embed regions; none for vad
                                    or for voices chunk by chunk */
    struct dr_embedder embedder;
    struct dr_chunk_voices voices; /* of DR_COMMUNITY_1, in place of the embedder */

    double expected_s, start_s;
    diarist_timing timing;
};

/* Chunks start every step until one reaches the end. */
size_t dr_recording_num_chunks(size_t num_samples, size_t step);

/* Runs what is still pending: the last chunks are filled up with silence, or, in a recording of
 * less than one chunk, with its mirror image. Feeding ends here; a second call is an error, and so
 * is another task than the recording was opened for. */
int dr_recording_end(struct diarist_recording *recording, diarist_task task, diarist_error *err);

/* Adds the time since *since to *stage and starts anew. */
void dr_recording_lap(double *stage, double *since);

/* Tells the caller; fraction < 0: unknown. DIARIST_ERROR_CANCELED when it wants to stop. */
int dr_recording_progress(const struct diarist_recording *recording, diarist_stage stage,
                          double fraction, diarist_error *err);

#endif
