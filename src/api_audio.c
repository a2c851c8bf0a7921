/* api_audio.c - public entry points of audio: check arguments, then call.
 * SPDX-License-Identifier: MIT */
#include "audio/decode.h"
#include "audio/decoder.h"
#include "audio/live_pcm.h"
#include "base/error.h"

#include <math.h>
#include <string.h>

void diarist_audio_options_init(diarist_audio_options *options) {
    if (!options)
        return;
    *options = (diarist_audio_options){
        .struct_size = sizeof *options, .stall_s = 8.0, .max_bytes = (uint64_t)64 << 20};
}

/* Seconds that are counted in samples without overflow. */
static int check_seconds(const char *name, double seconds, diarist_error *err) {
    if (!(seconds >= 0 && seconds <= 1e9))
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "%s is %g s; give 0 to 1e9", name, seconds);
    return DIARIST_OK;
}

static int check_options(const diarist_audio_options *options, diarist_error *err) {
    if (options->channel < 0 || options->channel > DR_AUDIO_MAX_CHANNELS)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "channel %d is not within 1 to %d (0: the mean)", options->channel,
                       DR_AUDIO_MAX_CHANNELS);
    if (options->ffmpeg < -1 || options->ffmpeg > 1)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "ffmpeg is %d; give -1, 0 or 1",
                       options->ffmpeg);
    int status = check_seconds("start_s", options->start_s, err);
    if (!status)
        status = check_seconds("duration_s", options->duration_s, err);
    if (!status)
        status = check_seconds("stall_s", options->stall_s, err);
    if (!status)
        status = check_seconds("max_s", options->max_s, err);
    if (!status && (options->stall_s == 0 || options->max_bytes == 0))
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT, "%s must be above 0",
                         options->max_bytes ? "stall_s" : "max_bytes");
    return status;
}

int diarist_audio_open(diarist_audio **out, const char *path, const diarist_audio_options *options,
                       diarist_error *err) {
    diarist_audio_options complete;
    if (out)
        *out = NULL;
    if (!out || !path)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "%s is NULL", out ? "path" : "out");
    diarist_audio_options_init(&complete);
    if (options && !options->struct_size)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "struct_size is 0; call diarist_audio_options_init first");
    if (options)
        memcpy(&complete, options,
               options->struct_size < sizeof complete ? options->struct_size : sizeof complete);
    int status = check_options(&complete, err);
    return status ? status : dr_audio_open(out, path, &complete, err);
}

int diarist_audio_read(diarist_audio *audio, float *samples, size_t capacity, size_t *num,
                       diarist_error *err) {
    if (num)
        *num = 0;
    if (!audio || !samples || !num || !capacity)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "%s",
                       capacity ? "audio, samples or num is NULL" : "capacity is 0");
    return dr_audio_read(audio, samples, capacity, num, err);
}

void diarist_audio_describe(diarist_audio *audio, diarist_audio_info *out) {
    if (audio && out)
        dr_audio_describe(audio, out);
    else if (out)
        *out = (diarist_audio_info){0};
}

void diarist_audio_close(diarist_audio *audio) {
    dr_audio_close(audio);
}

int diarist_pcm_open(diarist_pcm **out, const char *raw, diarist_error *err) {
    if (out)
        *out = NULL;
    if (!out || !raw)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "%s is NULL", out ? "raw" : "out");
    return dr_live_pcm_open(out, raw, err);
}

int diarist_pcm_convert(diarist_pcm *pcm, const void *frames, size_t num, size_t *used,
                        float *samples, size_t capacity, size_t *made, diarist_error *err) {
    if (used)
        *used = 0;
    if (made)
        *made = 0;
    if (!pcm || !used || !samples || !made || !capacity)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "%s",
                       capacity ? "pcm, used, samples or made is NULL" : "capacity is 0");
    return dr_live_pcm_convert(pcm, frames, num, used, samples, capacity, made, err);
}

void diarist_pcm_close(diarist_pcm *pcm) {
    dr_live_pcm_close(pcm);
}
