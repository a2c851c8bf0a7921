/* params.c - the constants of live diarization, found by experiment.
 * SPDX-License-Identifier: MIT */
#include "live/params.h"

#include "types.h"

/* A step is as long as several frames (270) and columns (320), so that chunks lie on both grids;
 * the shortest one lies on that of columns every second time. */
enum { SHORTEST_STEP = 4320 };
static const size_t steps[] = {8 * SHORTEST_STEP, 4 * SHORTEST_STEP, 2 * SHORTEST_STEP,
                               SHORTEST_STEP};

/* Of the offline 2 s the wrong ones are merged away at the end; here whoever has just begun to talk
 * would be taken for another. */
#define MIN_SPEAKER_S 1.2

/* The network says nothing of the last frames of a chunk, and a turn ends with a frame. */
enum { EDGE = 800 };

void dr_live_params_init(struct dr_live_params *params, double latency_s) {
    const size_t latency = (size_t)(latency_s * DR_SAMPLE_RATE);
    *params = (struct dr_live_params){
        .clustering = dr_cluster_defaults,
        .reconstruct = dr_reconstruct_defaults,
        .link_step = 2 * DR_SAMPLE_RATE,
        .same_bonus = 0.03,
        .other_penalty = 0.05,
        .merge_share = 0.6,
    };
    params->clustering.min_speaker_s = MIN_SPEAKER_S;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !params->step; i++)
        if (steps[i] + EDGE <= latency * 3 / 5)
            params->step = steps[i];
    if (!params->step)
        params->step = SHORTEST_STEP;
    params->delay = latency - EDGE - params->step;
}
