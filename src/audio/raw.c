/* raw.c - PCM without a header.
 * SPDX-License-Identifier: MIT */
#include "audio/decoder.h"
#include "audio/pcm_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct raw_decoder {
    struct dr_decoder base;
    struct dr_pcm_stream stream;
    uint64_t num_frames;
};

static int raw_read(struct dr_decoder *decoder, float *frames, size_t capacity, size_t *num,
                    diarist_error *err) {
    struct raw_decoder *raw = (struct raw_decoder *)decoder;
    int status = dr_pcm_stream_read(&raw->stream, frames, capacity, num, err);
    raw->num_frames += *num;
    if (!status && !*num && raw->stream.num_bytes)
        snprintf(decoder->warning, sizeof decoder->warning,
                 "%zu bytes are left over after %.3f s of whole samples; is the raw format right?",
                 raw->stream.num_bytes, (double)raw->num_frames / decoder->rate_hz);
    return status;
}

static void raw_close(struct dr_decoder *decoder) {
    free(decoder);
}

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

static int parse_spec(struct raw_decoder *raw, const char *spec, diarist_error *err) {
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
    raw->stream.pcm = integer ? DR_PCM_S16 : DR_PCM_F32;
    raw->stream.num_channels = (size_t)channels;
    raw->base.rate_hz = rate;
    raw->base.num_channels = channels;
    return DIARIST_OK;
}

int dr_raw_open(struct dr_decoder **out, struct dr_source *source, const char *spec,
                diarist_error *err) {
    *out = NULL;
    struct raw_decoder *raw = calloc(1, sizeof *raw);
    if (!raw)
        return dr_fail_memory(err);
    raw->base = (struct dr_decoder){.name = "raw", .read = raw_read, .close = raw_close};
    raw->stream.source = source;
    raw->stream.bytes_left = UINT64_MAX;
    int status = parse_spec(raw, spec, err);
    if (status) {
        free(raw);
        return status;
    }
    size_t frame_bytes = raw->stream.num_channels * dr_pcm_bytes(raw->stream.pcm);
    raw->base.declared_s =
        (double)(dr_source_size(source) / frame_bytes) / (double)raw->base.rate_hz;
    *out = &raw->base;
    return DIARIST_OK;
}
