/* decoder.h - what every audio decoder looks like.
 * SPDX-License-Identifier: MIT
 *
 * bytes -> dr_decoder -> frames [num][num_channels], float, any finite or non-finite value */
#ifndef DR_AUDIO_DECODER_H
#define DR_AUDIO_DECODER_H

#include "audio/source.h"

enum {
    DR_AUDIO_MIN_RATE = 1000, /* Hz; what a header says outside of these bounds is an error */
    DR_AUDIO_MAX_RATE = 768000,
    DR_AUDIO_MAX_CHANNELS = 64
};

struct dr_decoder {
    const char *name; /* "libsndfile", ... */
    int32_t rate_hz, num_channels;
    double declared_s; /* 0: unknown; never trusted */
    char warning[192]; /* "" or one line; complete once read has said 0 */
    /* 1 to capacity frames, interleaved; *num is 0 at the end only. */
    int (*read)(struct dr_decoder *decoder, float *frames, size_t capacity, size_t *num,
                diarist_error *err);
    void (*close)(struct dr_decoder *decoder); /* frees it; never NULL */
};

/* All of these read from source, which must outlive the decoder. On failure *out is NULL. */

/* "s16le:RATE:CHANNELS" or "f32le:RATE:CHANNELS" without a header. */
int dr_raw_open(struct dr_decoder **out, struct dr_source *source, const char *spec,
                diarist_error *err);
/* PCM, float, A-law and mu-law in RIFF, RIFX, RF64 or BW64; reads strictly forward. */
int dr_wav_open(struct dr_decoder **out, struct dr_source *source, uint64_t max_bytes,
                diarist_error *err);
/* MPEG layers 1 to 3, the first frame being at offset of a kept source. */
int dr_mpeg_open(struct dr_decoder **out, struct dr_source *source, uint64_t offset,
                 diarist_error *err);
/* FLAC, Ogg Vorbis and Opus, AIFF, AU, CAF, W64, ... of a kept source. */
int dr_sndfile_open(struct dr_decoder **out, struct dr_source *source, diarist_error *err);
/* Whatever an ffmpeg child process reads, of a kept source. format: what it seems to be, for the
 * message when ffmpeg is not there; NULL: no idea. */
int dr_ffmpeg_open(struct dr_decoder **out, struct dr_source *source, const char *format,
                   double stall_s, diarist_error *err);

#endif
