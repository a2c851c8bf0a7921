/* params.c - the constants of the clustering stage, found by experiment.
 * SPDX-License-Identifier: MIT */
#include "clustering/params.h"

const struct dr_cluster_params dr_cluster_defaults = {
    .threshold = 0.48,
    .hop_s = 0.6,
    .link_weight = 0.1,
    .link_prior = 60,
    .block = 600,
    .block_rise = 0.08,
    .level_limit = 1500,
    .small_drop = 0,
    .small_windows = 10,
    .min_speaker_s = 2.0,
    .min_speaker_length = 0.005,
    .min_speaker_share = 0.03,
    .confirm = {.rise = 0.02,
                .vbx = {.Fa = 0.1,
                        .Fb = 0.5,
                        .init_smoothing = 7,
                        .epsilon = 1e-4,
                        .max_iterations = DR_VBX_MAX_ITERATIONS},
                .min_pi = 1e-7,
                .variance_within = 0.0018,
                .max_windows = 4096},
    .search_low = 0.36,
    .search_high = 0.84,
    .search_step = 0.01,
    .same_penalty = 0.1,
    .same_overlap_penalty = 0.4,
    .same_overlap_s = 0.2,
};
