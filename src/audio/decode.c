/* decode.c - an open recording: 16 kHz mono, decoded as it is read.
 * SPDX-License-Identifier: MIT
 *
 * source -> decoder -> frames [4096][num_channels] -> mono [4096] -> resampler -> samples
 *
 * Start and duration are counted in samples behind the resampler. */
#include "audio/decode.h"

#include "audio/choose.h"
#include "audio/pcm.h"
#include "audio/resample.h"
#include "types.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_FRAMES = 4096 };

struct diarist_audio {
    struct dr_source *source;
    struct dr_decoder *decoder;
    struct dr_resampler *resampler;
    float *frames; /* [BLOCK_FRAMES][num_channels] */
    float *mono;   /* [BLOCK_FRAMES]; mono_start to mono_end are still to be resampled */
    size_t mono_start, mono_end;
    int32_t channel;                 /* 0: mean */
    uint64_t skip_left;              /* samples before the start */
    uint64_t samples_left;           /* to the end of the duration */
    uint64_t num_samples;            /* delivered */
    uint64_t most_left;              /* samples that may still be decoded, skipped or not */
    uint64_t num_values, num_beyond; /* decoded, of all channels; those not from -1 to 1 */
    bool drained;                    /* the decoder has given all */
    bool ended;                      /* the end of the input was reached */
    double start_s;
    char warning[192];
};

static int open_stages(diarist_audio *audio, const char *path, const diarist_audio_options *options,
                       diarist_error *err) {
    int status = dr_source_open(&audio->source, path, options->stall_s, err);
    if (!status)
        status = dr_choose_decoder(&audio->decoder, audio->source, options, err);
    if (status)
        return status;
    int32_t num_channels = audio->decoder->num_channels;
    if (options->channel > num_channels && num_channels == 1)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "channel %d was asked for, but the recording has 1; choose 1 or mix",
                       options->channel);
    if (options->channel > num_channels)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "channel %d was asked for, but the recording has %d; choose 1 to %d or mix",
                       options->channel, num_channels, num_channels);
    audio->frames = malloc(sizeof *audio->frames * BLOCK_FRAMES * (size_t)num_channels);
    audio->mono = malloc(sizeof *audio->mono * BLOCK_FRAMES);
    if (!audio->frames || !audio->mono)
        return dr_fail_memory(err);
    return dr_resampler_new(&audio->resampler, audio->decoder->rate_hz, err);
}

int dr_audio_open(diarist_audio **out, const char *path, const diarist_audio_options *options,
                  diarist_error *err) {
    *out = NULL;
    diarist_audio *audio = calloc(1, sizeof *audio);
    if (!audio)
        return dr_fail_memory(err);
    audio->channel = options->channel;
    audio->start_s = options->start_s;
    audio->skip_left = (uint64_t)llround(options->start_s * DR_SAMPLE_RATE);
    audio->samples_left = options->duration_s > 0
                              ? (uint64_t)llround(options->duration_s * DR_SAMPLE_RATE)
                              : UINT64_MAX;
    audio->most_left =
        options->max_s > 0 ? (uint64_t)llround(options->max_s * DR_SAMPLE_RATE) : UINT64_MAX;
    int status = open_stages(audio, path, options, err);
    if (status) {
        dr_audio_close(audio);
        return status;
    }
    *out = audio;
    return DIARIST_OK;
}

static size_t count_beyond(const float *values, size_t num) {
    size_t beyond = 0;
    for (size_t i = 0; i < num; i++)
        beyond += !(fabsf(values[i]) <= 1.0f);
    return beyond;
}

/* Decodes the next block into mono. */
static int decode_block(diarist_audio *audio, diarist_error *err) {
    struct dr_decoder *decoder = audio->decoder;
    size_t num;
    int status = decoder->read(decoder, audio->frames, BLOCK_FRAMES, &num, err);
    if (status)
        return status;
    const size_t num_values = num * (size_t)decoder->num_channels;
    audio->num_values += num_values;
    audio->num_beyond += count_beyond(audio->frames, num_values);
    dr_pcm_mix(audio->mono, audio->frames, num, (size_t)decoder->num_channels, audio->channel);
    audio->mono_start = 0;
    audio->mono_end = num;
    audio->drained = num == 0;
    return DIARIST_OK;
}

/* 1 to capacity samples of the whole recording; *num is 0 at the end only. */
static int next_samples(diarist_audio *audio, float *samples, size_t capacity, size_t *num,
                        diarist_error *err) {
    *num = 0;
    while (!*num && !audio->ended) {
        int status = DIARIST_OK;
        size_t used;
        if (audio->mono_start == audio->mono_end && !audio->drained)
            status = decode_block(audio, err);
        if (!status)
            status = dr_resampler_run(
                audio->resampler, audio->drained ? NULL : audio->mono + audio->mono_start,
                audio->mono_end - audio->mono_start, &used, samples, capacity, num, err);
        if (status)
            return status;
        audio->mono_start += used;
        audio->ended = audio->drained && !*num;
    }
    if (*num > audio->most_left) {
        *num = 0;
        return dr_fail(err, DIARIST_ERROR_LIMIT,
                       "longer than may be decoded of it; allow more or give a shorter recording");
    }
    if (audio->most_left != UINT64_MAX)
        audio->most_left -= *num;
    dr_pcm_clamp(samples, *num);
    return DIARIST_OK;
}

/* Passes over the samples before the start, using the caller's memory. */
static int skip_start(diarist_audio *audio, float *samples, size_t capacity, diarist_error *err) {
    while (audio->skip_left && !audio->ended) {
        size_t num, want = audio->skip_left < capacity ? (size_t)audio->skip_left : capacity;
        int status = next_samples(audio, samples, want, &num, err);
        if (status)
            return status;
        audio->skip_left -= num;
    }
    return DIARIST_OK;
}

int dr_audio_read(diarist_audio *audio, float *samples, size_t capacity, size_t *num,
                  diarist_error *err) {
    *num = 0;
    int status = skip_start(audio, samples, capacity, err);
    if (status || !audio->samples_left)
        return status;
    if (capacity > audio->samples_left)
        capacity = (size_t)audio->samples_left;
    status = next_samples(audio, samples, capacity, num, err);
    if (status)
        return status;
    audio->num_samples += *num;
    if (audio->samples_left != UINT64_MAX)
        audio->samples_left -= *num;
    return DIARIST_OK;
}

/* The decoder's warning goes first: a cut file explains why the start lies behind its end. Lossy
 * formats overshoot here and there; samples on another scale lie beyond it almost all. */
static const char *find_warning(diarist_audio *audio) {
    const double noteworthy_share = 0.05;
    if (audio->decoder->warning[0])
        return audio->decoder->warning;
    double beyond = (double)audio->num_beyond / fmax(1, (double)audio->num_values);
    if (beyond > noteworthy_share) {
        snprintf(
            audio->warning, sizeof audio->warning,
            "%.0f %% of the samples lie outside [-1, 1] and are cut to it; are their scale and "
            "format right?",
            100 * beyond);
        return audio->warning;
    }
    if (!audio->ended || !audio->start_s || audio->num_samples)
        return NULL;
    snprintf(audio->warning, sizeof audio->warning,
             "ends before the start that was asked for, %.3f s; used nothing of it",
             audio->start_s);
    return audio->warning;
}

void dr_audio_describe(diarist_audio *audio, diarist_audio_info *out) {
    *out = (diarist_audio_info){
        .duration_s = (double)audio->num_samples / DR_SAMPLE_RATE,
        .declared_s = audio->decoder->declared_s,
        .sample_rate = audio->decoder->rate_hz,
        .num_channels = audio->decoder->num_channels,
        .decoder = audio->decoder->name,
        .sha256 = audio->ended ? dr_source_sha256(audio->source) : NULL,
        .warning = find_warning(audio),
    };
}

void dr_audio_close(diarist_audio *audio) {
    if (!audio)
        return;
    dr_resampler_free(audio->resampler);
    if (audio->decoder)
        audio->decoder->close(audio->decoder);
    dr_source_close(audio->source);
    free(audio->frames);
    free(audio->mono);
    free(audio);
}
