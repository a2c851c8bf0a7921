/* params.c - the constants of the reconstruction stage, found by experiment.
 * SPDX-License-Identifier: MIT */
#include "reconstruct/params.h"

const struct dr_reconstruct_params dr_reconstruct_defaults = {
    .silence_bias = -0.5f,
    .overlap_bias = 0.3f,
    .gap = 0.1,
    .single_weight = 8,
    .reach_s = 0.4,
    .overlap_weight = 2,
    .min_activity = 0.02f,
    .onset = -1,
    .offset = -1,
    .min_duration_on_s = 0,
    .min_duration_off_s = 0,
};
