/* decoder_message.h - what the process that decodes says, on its standard output.
 * SPDX-License-Identifier: MIT
 *
 * OPENED { SAMPLES } ENDED, each a head and then what its kind says; or FAILED in place of any. */
#ifndef SERVER_DECODER_MESSAGE_H
#define SERVER_DECODER_MESSAGE_H

#include "diarist/io.h"

#include <stdint.h>

/* The first argument of a program that is to decode; then come a request and what is raw ("":
 * nothing). */
#define SERVER_DECODER_ARGUMENT "--decode-standard-input"
#define SERVER_DECODER_REQUEST "%d %d %la %la %la %la"
enum { SERVER_DECODER_ARGUMENTS = 4 };

enum server_decoder_kind {
    SERVER_DECODER_OPENED = 1, /* struct server_decoder_opened */
    SERVER_DECODER_SAMPLES,    /* float [count] */
    SERVER_DECODER_ENDED,      /* struct server_decoder_ended */
    SERVER_DECODER_FAILED      /* diarist_error */
};

enum { SERVER_DECODER_BLOCK = 16000 }; /* samples of a message at most */

struct server_decoder_head {
    uint32_t kind, count; /* count: of SAMPLES; else 0 */
};

struct server_decoder_opened {
    double declared_s;
    int32_t sample_rate, num_channels;
    char name[16];
};

struct server_decoder_ended {
    char sha256[65], warning[191];
};

#endif
