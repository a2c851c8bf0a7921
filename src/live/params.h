/* params.h - the constants of live diarization.
 * SPDX-License-Identifier: MIT */
#ifndef DR_LIVE_PARAMS_H
#define DR_LIVE_PARAMS_H

#include "clustering/params.h"
#include "reconstruct/params.h"

enum {
    DR_LIVE_MAX_SPEAKERS = 32,
    DR_LIVE_CONTEXT = 54,      /* fbank frames before a step's own that the trunk begins with, */
    DR_LIVE_PART = 162,        /* and so many at least */
    DR_LIVE_SHORT_STEP = 8640, /* samples; the trunk begins anew at every shorter one */
    DR_LIVE_LONG_STEP = 17280, /* and at every longer one */
    DR_LIVE_WINDOWS = 256, /* that are clustered one by one; older ones as their speakers' groups */
    DR_LIVE_GROUPS = 4     /* of a speaker's older windows */
};

struct dr_live_params {
    struct dr_cluster_params clustering;
    struct dr_reconstruct_params reconstruct;
    size_t step;      /* samples between segmentation chunks: whole frames */
    size_t delay;     /* frames this far from the end of the audio can still change */
    size_t link_step; /* samples between chunks that say which windows are of different people */
    /* Clustered anew, windows of one speaker so far are more similar by this, those of two less:
     * clusters do not fall apart at once, nor become one. */
    double same_bonus, other_penalty;
    double merge_share;     /* of a speaker's windows in another's cluster, for it to be that one */
    double known_threshold; /* similarity at which a speaker is a known one */
};

/* latency_s 0.5 to 5. */
void dr_live_params_init(struct dr_live_params *params, double latency_s);

#endif
