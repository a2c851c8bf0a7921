/* profile.h - what a profile is made of.
 * SPDX-License-Identifier: MIT */
#ifndef DR_IDENTITY_PROFILE_H
#define DR_IDENTITY_PROFILE_H

#include "diarist/profile.h"

enum { DR_PROFILE_MAX_SAMPLES = 1000, DR_PROFILE_MAX_NAME = 200, DR_PROFILE_MAX_DIM = 4096 };

struct dr_profile_sample {
    char *file, *enrolled;
    double seconds;
    float *embedding; /* [embedding_dim], unit length */
};

struct diarist_profile {
    char *name;
    char *model_name, *model_sha256;
    size_t embedding_dim;
    size_t num_samples;
    struct dr_profile_sample *samples; /* [DR_PROFILE_MAX_SAMPLES], grown as they come */
    float *embedding; /* [embedding_dim]: sum of the samples' directions, of unit length */
};

/* Why text cannot be a name, or NULL. */
const char *dr_profile_wrong_name(const char *text);

#endif
