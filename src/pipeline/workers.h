/* workers.h - who does the work of a recording: threads, and the memory that each has for itself.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_WORKERS_H
#define DR_PIPELINE_WORKERS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/threads.h"
#include "pipeline/model.h"

struct dr_workers {
    const struct diarist_model *model;
    const struct dr_networks *networks; /* of the model, for a precision */
    int num;
    struct dr_pool *pool;
    float **scratch; /* [num], each for one network or the features at a time */
};

/* Starts num threads, the caller counted. Scratch lives in arena. DIARIST_ERROR_MEMORY; close in
 * either case. */
int dr_workers_open(struct dr_workers *workers, const struct diarist_model *model,
                    const struct dr_networks *networks, int num, struct dr_arena *arena,
                    diarist_error *err);
void dr_workers_close(struct dr_workers *workers);

/* A worker's scratch as one trunk chunk uses it. */
struct dr_trunk_scratch {
    float *features; /* [DR_CAMPPLUS_MAX_FRAMES][80] */
    float *columns;  /* [DR_CAMPPLUS_MAX_FRAMES / 2][512] */
    float *network;  /* for dr_campplus_trunk */
};
struct dr_trunk_scratch dr_scratch_for_trunk(float *scratch);

#endif
