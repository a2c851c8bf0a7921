/* pcm_stream.h - whole frames of PCM from bytes that come in any portions.
 * SPDX-License-Identifier: MIT */
#ifndef DR_AUDIO_PCM_STREAM_H
#define DR_AUDIO_PCM_STREAM_H

#include "audio/pcm.h"
#include "audio/source.h"

struct dr_pcm_stream {
    struct dr_source *source;
    enum dr_pcm pcm;
    bool big_endian;
    size_t num_channels;
    uint64_t bytes_left; /* of the samples; UINT64_MAX: to the end of the source */
    uint8_t bytes[16384];
    size_t num_bytes; /* in bytes: less than a frame between calls */
};

/* 1 to capacity frames [num][num_channels]; *num is 0 when bytes_left or the source is used up;
 * num_bytes then says how many bytes of a last, unfinished frame there were. */
int dr_pcm_stream_read(struct dr_pcm_stream *stream, float *frames, size_t capacity, size_t *num,
                       diarist_error *err);

#endif
