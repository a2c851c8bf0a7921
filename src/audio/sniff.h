/* sniff.h - what an input is, told from its first bytes alone.
 * SPDX-License-Identifier: MIT
 *
 * Names and extensions are never looked at: the same bytes are the same input. */
#ifndef DR_AUDIO_SNIFF_H
#define DR_AUDIO_SNIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dr_content {
    DR_CONTENT_EMPTY,
    DR_CONTENT_ZEROS,     /* zero bytes only */
    DR_CONTENT_TEXT,      /* also playlists, which could name other files */
    DR_CONTENT_ID3,       /* a tag; what matters comes at `offset` */
    DR_CONTENT_WAV,       /* for wav.c */
    DR_CONTENT_MPEG,      /* layers 1 to 3; the first frame is at `offset` */
    DR_CONTENT_SNDFILE,   /* for libsndfile */
    DR_CONTENT_CONTAINER, /* a known format for ffmpeg */
    DR_CONTENT_UNKNOWN    /* ffmpeg may know it */
};

struct dr_sniffed {
    enum dr_content content;
    const char *format; /* "FLAC"; NULL where there is none */
    uint64_t offset;
};

/* head[num]: the first bytes, 64 KiB if there are so many; whole: there are no more. */
struct dr_sniffed dr_sniff(const uint8_t *head, size_t num, bool whole);

#endif
