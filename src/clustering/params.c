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
    .search_low = 0.36,
    .search_high = 0.84,
    .search_step = 0.01,
    .same_penalty = 0.1,
    .same_overlap_penalty = 0.4,
    .same_overlap_s = 0.2,
};
