/* pcm_stream.c - whole frames of PCM from bytes that come in any portions.
 * SPDX-License-Identifier: MIT */
#include "audio/pcm_stream.h"

#include <string.h>

int dr_pcm_stream_read(struct dr_pcm_stream *stream, float *frames, size_t capacity, size_t *num,
                       diarist_error *err) {
    size_t frame_bytes = stream->num_channels * dr_pcm_bytes(stream->pcm);
    size_t most = sizeof stream->bytes / frame_bytes;
    size_t want = (capacity < most ? capacity : most) * frame_bytes;
    *num = 0;
    while (stream->num_bytes < frame_bytes && stream->bytes_left) {
        size_t room = want - stream->num_bytes, got;
        if (room > stream->bytes_left)
            room = (size_t)stream->bytes_left;
        int status =
            dr_source_read(stream->source, stream->bytes + stream->num_bytes, room, &got, err);
        if (status)
            return status;
        if (!got)
            break;
        stream->num_bytes += got;
        if (stream->bytes_left != UINT64_MAX)
            stream->bytes_left -= got;
    }
    *num = stream->num_bytes / frame_bytes;
    if (*num > capacity)
        *num = capacity;
    dr_pcm_decode(frames, stream->bytes, *num * stream->num_channels, stream->pcm,
                  stream->big_endian);
    stream->num_bytes -= *num * frame_bytes;
    memmove(stream->bytes, stream->bytes + *num * frame_bytes, stream->num_bytes);
    return DIARIST_OK;
}
