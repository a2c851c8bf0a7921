/* params.c - the constants of live diarization, found by experiment.
 * SPDX-License-Identifier: MIT */
#include "live/params.h"

#include "types.h"

/* A step is as long as several frames (270) and columns (320), so that chunks lie on both grids;
 * the shortest one lies on that of columns every second time. */
enum { SHORTEST_STEP = 4320 };
static const size_t steps[] = {8 * SHORTEST_STEP, 4 * SHORTEST_STEP, 2 * SHORTEST_STEP,
                               SHORTEST_STEP};

/* The network says nothing of the last frames of a chunk, and a turn ends with a frame. */
enum { EDGE = 800 };

void dr_live_params_init(struct dr_live_params *params, double latency_s) {
    const size_t latency = (size_t)(latency_s * DR_SAMPLE_RATE);
    *params = (struct dr_live_params){
        .clustering = dr_cluster_defaults,
        .reconstruct = dr_reconstruct_defaults,
        .link_step = 2 * DR_SAMPLE_RATE,
        .cluster_every = 2,
        .merge_share = 0.6,
        .known_margin = 0.05,
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !params->step; i++)
        if (steps[i] + EDGE <= latency * 3 / 5)
            params->step = steps[i];
    if (!params->step)
        params->step = SHORTEST_STEP;
    params->delay = latency - EDGE - params->step;
}
