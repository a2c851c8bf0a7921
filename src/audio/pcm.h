/* pcm.h - encoded samples -> float.
 * SPDX-License-Identifier: MIT */
#ifndef DR_AUDIO_PCM_H
#define DR_AUDIO_PCM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dr_pcm {
    DR_PCM_U8,
    DR_PCM_S16,
    DR_PCM_S24,
    DR_PCM_S32,
    DR_PCM_F32,
    DR_PCM_F64,
    DR_PCM_ALAW,
    DR_PCM_MULAW
};

size_t dr_pcm_bytes(enum dr_pcm pcm); /* of one sample */

/* bytes[num * dr_pcm_bytes] -> samples[num]. Integers are divided by their full scale (2^15 for 16
 * bits), A-law and mu-law expanded to 16 bits after ITU-T G.711. */
void dr_pcm_decode(float *samples, const uint8_t *bytes, size_t num, enum dr_pcm pcm,
                   bool big_endian);

/* frames [num][num_channels] -> mono [num] within [-1, 1]: the mean, or channel (from 1). NaN
 * becomes 0. */
void dr_pcm_mix(float *mono, const float *frames, size_t num, size_t num_channels, int32_t channel);
/* To [-1, 1]: what resampling puts beyond. */
void dr_pcm_clamp(float *samples, size_t num);

#endif
