/* voice.c - from the probability that somebody talks, frame by frame, to ranges of voice.
 * SPDX-License-Identifier: MIT */
#include "live/voice.h"

#include <math.h>

void dr_voice_probability(float *probability, const float *logprob) {
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++, logprob += DR_CLASSES) {
        float p[DR_CLASSES];
        for (int c = 0; c < DR_CLASSES; c++)
            p[c] = expf(logprob[c]);
        probability[f] = fmaxf(p[1] + p[4] + p[5], fmaxf(p[2] + p[4] + p[6], p[3] + p[5] + p[6]));
    }
}

void dr_voice_open(struct dr_voice *voice, const struct dr_voice_params *params) {
    *voice = (struct dr_voice){.params = *params};
}

int dr_voice_finish(struct dr_voice *voice, struct dr_voice_range *out) {
    int was_open = voice->open;
    *out = voice->now;
    voice->open = 0;
    return was_open;
}

int dr_voice_add(struct dr_voice *voice, float probability, struct dr_voice_range *out) {
    size_t end = ++voice->frame;
    voice->active = probability >= (voice->active ? voice->params.offset : voice->params.onset);
    if (voice->active) {
        if (!voice->open)
            voice->now.first = end - 1;
        voice->open = 1;
        voice->now.end = end;
        return 0;
    }
    if (!voice->open ||
        (double)(end - voice->now.end) * DR_FRAME_S < voice->params.min_duration_off_s)
        return 0;
    return dr_voice_finish(voice, out);
}
