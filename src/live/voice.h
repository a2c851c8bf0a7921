/* voice.h - from the probability that somebody talks, frame by frame, to ranges of voice.
 * SPDX-License-Identifier: MIT
 *
 * Two thresholds: voice begins at a frame whose probability is onset or more and goes on for as
 * long as it is offset or more. Pauses shorter than min_duration_off_s are filled. */
#ifndef DR_LIVE_VOICE_H
#define DR_LIVE_VOICE_H

#include "types.h"

struct dr_voice_params {
    double onset, offset;
    double min_duration_off_s;
};

/* Frames [first, end). */
struct dr_voice_range {
    size_t first, end;
};

struct dr_voice {
    struct dr_voice_params params;
    size_t frame;              /* the next one */
    int active;                /* somebody talked at the last one */
    int open;                  /* there is a range that may go on: */
    struct dr_voice_range now; /* this */
};

/* logprob[589][7] -> probability[589]: of the local speaker who talks most surely. */
void dr_voice_probability(float *probability, const float *logprob);

void dr_voice_open(struct dr_voice *voice, const struct dr_voice_params *params);

/* The next frame. 1: *out is a range that will not go on. */
int dr_voice_add(struct dr_voice *voice, float probability, struct dr_voice_range *out);

/* After the last frame. 1: *out is the range that was open. */
int dr_voice_finish(struct dr_voice *voice, struct dr_voice_range *out);

#endif
