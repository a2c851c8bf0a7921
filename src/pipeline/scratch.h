/* scratch.h - the memory that each worker has for itself, for one network or the features at a
 * time. SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_SCRATCH_H
#define DR_PIPELINE_SCRATCH_H

#include <stddef.h>

/* Floats that a worker needs, whatever it does. */
size_t dr_scratch_floats(void);

/* A worker's scratch as one trunk chunk uses it. */
struct dr_trunk_scratch {
    float *features; /* [DR_CAMPPLUS_MAX_FRAMES][80] */
    float *columns;  /* [DR_CAMPPLUS_MAX_FRAMES / 2][512] */
    float *network;  /* for dr_campplus_trunk */
};
struct dr_trunk_scratch dr_scratch_for_trunk(float *scratch);

#endif
