/* offline.h - a fed recording: who spoke when, where there is speech, what voices sound like.
 * SPDX-License-Identifier: MIT
 *
 * Each ends the recording's feeding. Errors and ownership as in diarist.h. */
#ifndef DR_PIPELINE_OFFLINE_H
#define DR_PIPELINE_OFFLINE_H

#include "clustering/speakers.h"
#include "pipeline/embeddings.h"
#include "pipeline/recording.h"
#include "pipeline/result.h"

int dr_diarize(struct diarist_result **out, struct diarist_recording *recording,
               diarist_error *err);
int dr_vad(struct diarist_result **out, struct diarist_recording *recording, diarist_error *err);
int dr_embed(float *embeddings, double *seconds, struct diarist_recording *recording,
             const diarist_region *regions, size_t num_regions, size_t num_groups,
             diarist_error *err);

/* What the stages made of a recording, in order: the recording's up to embeddings, the rest in
 * arenas of the caller. */
struct dr_stages {
    struct dr_segmentation segmentation;
    size_t num_frames;
    const uint8_t *count; /* [num_frames] speakers at once */
    struct dr_embeddings embeddings;
    struct dr_links links;
    struct dr_centroids centroids;
    int32_t *window_speaker; /* of each coarse window, -1 for none */
    int32_t *assign;         /* [num_chunks][3] */
    struct dr_turns turns;
};

/* Runs every stage of a diarization on a recording that has ended. turns lives in turns_arena,
 * the rest in arena. */
int dr_stages_run(struct dr_stages *stages, struct diarist_recording *recording,
                  struct dr_arena *arena, struct dr_arena *turns_arena, diarist_error *err);

#endif
