/* result.h - who spoke when, finished and read-only.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_RESULT_H
#define DR_PIPELINE_RESULT_H

#include "base/arena.h"
#include "diarist/diarist.h"
#include "nn/layers.h"
#include "pipeline/kept.h"
#include "reconstruct/turns.h"
#include "types.h"

struct diarist_result {
    struct dr_arena arena; /* owns everything below, and the result itself lies outside it */
    struct dr_turns turns;
    float *embedding; /* [num_speakers][embedding_dim] or NULL */
    size_t embedding_dim;
    double duration_s, step_s;
    double speech_s; /* of frames in which somebody talks */
    diarist_timing timing;
    int num_threads;
    enum dr_precision precision; /* of the networks */
    int is_vad;
    const char *trunk; /* static; NULL: the pipeline has but one way */
    struct dr_kept kept;
    void *evidence; /* [evidence_bytes], or NULL */
    size_t evidence_bytes;
};

/* NULL when there is no memory. */
struct diarist_result *dr_result_new(void);

/* Whether the turns are speech of anybody rather than of speakers. */
int dr_result_is_vad(const diarist_result *result);

#endif
