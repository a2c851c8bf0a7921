/* mpeg.c - MPEG audio layers 1 to 3 through libmpg123.
 * SPDX-License-Identifier: MIT
 *
 * Bytes are fed forward from the first frame on. libmpg123 finds the encoder's delay and padding in
 * the first frame and removes them, and looks for the next good frame behind damage. It is used
 * directly as libsndfile lets it print. */
#include "audio/decoder.h"

#include <mpg123.h>
#include <stdio.h>
#include <stdlib.h>

enum { FEED_BYTES = 16384 };

struct mpeg_decoder {
    struct dr_decoder base;
    struct dr_source *source;
    mpg123_handle *handle;
    uint64_t offset;          /* of the next byte to feed */
    uint64_t declared_frames; /* 0: unknown */
    uint64_t num_frames;
    bool ended;
};

static void mpeg_close(struct dr_decoder *decoder) {
    struct mpeg_decoder *mpeg = (struct mpeg_decoder *)decoder;
    mpg123_delete(mpeg->handle);
    free(mpeg);
}

/* Feeds the next bytes; at the end of the source sets mpeg->ended. */
static int feed(struct mpeg_decoder *mpeg, diarist_error *err) {
    uint8_t bytes[2048];
    for (size_t fed = 0; fed < FEED_BYTES && !mpeg->ended;) {
        size_t num;
        int status = dr_source_read_at(mpeg->source, mpeg->offset, bytes, sizeof bytes, &num, err);
        if (status)
            return status;
        if (mpg123_feed(mpeg->handle, bytes, num) != MPG123_OK)
            return dr_fail_memory(err);
        mpeg->offset += num;
        fed += num;
        mpeg->ended = num < sizeof bytes;
    }
    return DIARIST_OK;
}

/* Decodes up to `bytes` bytes, feeding as needed; *done is 0 at the end only. With bytes 0 goes on
 * to the first frame. *result is what libmpg123 said last. */
static int decode(struct mpeg_decoder *mpeg, float *frames, size_t bytes, size_t *done, int *result,
                  diarist_error *err) {
    for (;;) {
        *done = 0;
        *result = mpg123_read(mpeg->handle, (unsigned char *)frames, bytes, done);
        if (*done || *result != MPG123_NEED_MORE || mpeg->ended)
            return DIARIST_OK;
        int status = feed(mpeg, err);
        if (status)
            return status;
    }
}

static void describe_end(struct mpeg_decoder *mpeg, int result) {
    double rate = mpeg->base.rate_hz, seconds = (double)mpeg->num_frames / rate;
    if (result == MPG123_NEW_FORMAT)
        snprintf(mpeg->base.warning, sizeof mpeg->base.warning,
                 "the sample rate or channels change after %.3f s; used what comes before",
                 seconds);
    else if (mpeg->num_frames < mpeg->declared_frames)
        snprintf(mpeg->base.warning, sizeof mpeg->base.warning,
                 "the MPEG audio ends after %.3f s of %.3f s declared; used what is there", seconds,
                 (double)mpeg->declared_frames / rate);
}

static int mpeg_read(struct dr_decoder *decoder, float *frames, size_t capacity, size_t *num,
                     diarist_error *err) {
    struct mpeg_decoder *mpeg = (struct mpeg_decoder *)decoder;
    size_t frame_bytes = (size_t)decoder->num_channels * sizeof *frames, done;
    int result;
    int status = decode(mpeg, frames, capacity * frame_bytes, &done, &result, err);
    if (status)
        return status;
    *num = done / frame_bytes;
    mpeg->num_frames += *num;
    if (!*num)
        describe_end(mpeg, result);
    return DIARIST_OK;
}

static int configure(struct mpeg_decoder *mpeg, diarist_error *err) {
    int problem;
    mpeg->handle = mpg123_new(NULL, &problem);
    if (!mpeg->handle)
        return dr_fail_memory(err);
    long flags = MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_GAPLESS;
    if (mpg123_param(mpeg->handle, MPG123_ADD_FLAGS, flags, 0) != MPG123_OK ||
        mpg123_param(mpeg->handle, MPG123_RESYNC_LIMIT, -1, 0) != MPG123_OK ||
        mpg123_open_feed(mpeg->handle) != MPG123_OK)
        return dr_fail(err, DIARIST_ERROR_INPUT, "libmpg123: %s; convert the file to WAV",
                       mpg123_strerror(mpeg->handle));
    return DIARIST_OK;
}

static int open_stream(struct mpeg_decoder *mpeg, diarist_error *err) {
    int status = configure(mpeg, err);
    size_t done;
    int result = MPG123_OK;
    if (!status)
        status = decode(mpeg, NULL, 0, &done, &result, err);
    if (status)
        return status;
    long rate;
    int channels, encoding;
    if (result != MPG123_NEW_FORMAT ||
        mpg123_getformat(mpeg->handle, &rate, &channels, &encoding) != MPG123_OK)
        return dr_fail(err, DIARIST_ERROR_INPUT,
                       "not audio that can be decoded (looks like MP3, but no frame is whole)");
    mpeg->base.rate_hz = (int32_t)rate;
    mpeg->base.num_channels = channels;
    /* Without the size of the file libmpg123 says a length only if the first frame declares it. */
    off_t length = mpg123_length(mpeg->handle);
    mpeg->declared_frames = length > 0 ? (uint64_t)length : 0;
    mpeg->base.declared_s = (double)mpeg->declared_frames / (double)rate;
    return DIARIST_OK;
}

int dr_mpeg_open(struct dr_decoder **out, struct dr_source *source, uint64_t offset,
                 diarist_error *err) {
    *out = NULL;
    struct mpeg_decoder *mpeg = calloc(1, sizeof *mpeg);
    if (!mpeg)
        return dr_fail_memory(err);
    mpeg->base = (struct dr_decoder){.name = "libmpg123", .read = mpeg_read, .close = mpeg_close};
    mpeg->source = source;
    mpeg->offset = offset;
    int status = open_stream(mpeg, err);
    if (status) {
        mpeg_close(&mpeg->base);
        return status;
    }
    *out = &mpeg->base;
    return DIARIST_OK;
}
