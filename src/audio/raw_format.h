/* raw_format.h - "s16le:16000:1": how PCM without a header is to be read.
 * SPDX-License-Identifier: MIT */
#ifndef DR_AUDIO_RAW_FORMAT_H
#define DR_AUDIO_RAW_FORMAT_H

#include "audio/pcm.h"
#include "base/error.h"

struct dr_raw_format {
    enum dr_pcm pcm;
    int32_t rate_hz, num_channels;
};

/* DIARIST_ERROR_ARGUMENT: spec is not "s16le:RATE:CHANNELS" or "f32le:RATE:CHANNELS" in range. */
int dr_raw_parse(struct dr_raw_format *out, const char *spec, diarist_error *err);

#endif
