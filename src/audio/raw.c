/* raw.c - PCM without a header.
 * SPDX-License-Identifier: MIT */
#include "audio/decoder.h"
#include "audio/pcm_stream.h"
#include "audio/raw_format.h"

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

int dr_raw_open(struct dr_decoder **out, struct dr_source *source, const char *spec,
                diarist_error *err) {
    *out = NULL;
    struct raw_decoder *raw = calloc(1, sizeof *raw);
    if (!raw)
        return dr_fail_memory(err);
    raw->base = (struct dr_decoder){.name = "raw", .read = raw_read, .close = raw_close};
    raw->stream.source = source;
    raw->stream.bytes_left = UINT64_MAX;
    struct dr_raw_format format;
    int status = dr_raw_parse(&format, spec, err);
    if (status) {
        free(raw);
        return status;
    }
    raw->stream.pcm = format.pcm;
    raw->stream.num_channels = (size_t)format.num_channels;
    raw->base.rate_hz = format.rate_hz;
    raw->base.num_channels = format.num_channels;
    size_t frame_bytes = raw->stream.num_channels * dr_pcm_bytes(raw->stream.pcm);
    raw->base.declared_s =
        (double)(dr_source_size(source) / frame_bytes) / (double)raw->base.rate_hz;
    *out = &raw->base;
    return DIARIST_OK;
}
