/* raw_format.c - "s16le:16000:1".
 * SPDX-License-Identifier: MIT */
#include "audio/raw_format.h"

#include "audio/decoder.h"

#include <string.h>

/* Reads ":" and 1 to 6 digits; leaves *text behind them. */
static bool parse_number(const char **text, int32_t *number) {
    const char *c = *text;
    *number = 0;
    if (*c++ != ':' || *c < '0' || *c > '9')
        return false;
    for (int i = 0; i < 6 && *c >= '0' && *c <= '9'; i++)
        *number = *number * 10 + (*c++ - '0');
    *text = c;
    return true;
}

int dr_raw_parse(struct dr_raw_format *out, const char *spec, diarist_error *err) {
    static const char usage[] =
        "give s16le:RATE:CHANNELS or f32le:RATE:CHANNELS, such as s16le:16000:1";
    const char *rest = spec + 5;
    int32_t rate, channels;
    bool integer = !strncmp(spec, "s16le", 5);
    if ((!integer && strncmp(spec, "f32le", 5)) || !parse_number(&rest, &rate) ||
        !parse_number(&rest, &channels) || *rest)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "raw format '%.40s' is not understood; %s",
                       spec, usage);
    if (rate < DR_AUDIO_MIN_RATE || rate > DR_AUDIO_MAX_RATE)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "raw rate %d is not within %d to %d Hz; %s",
                       rate, DR_AUDIO_MIN_RATE, DR_AUDIO_MAX_RATE, usage);
    if (channels < 1 || channels > DR_AUDIO_MAX_CHANNELS)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "%d raw channels are not within 1 to %d; %s",
                       channels, DR_AUDIO_MAX_CHANNELS, usage);
    *out = (struct dr_raw_format){integer ? DR_PCM_S16 : DR_PCM_F32, rate, channels};
    return DIARIST_OK;
}
