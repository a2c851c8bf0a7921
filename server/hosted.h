/* hosted.h - an embedding service elsewhere: POST URL/v2/embedding with WAV as `file`.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_HOSTED_H
#define SERVER_HOSTED_H

#include "diarist/diarist.h"

#include <stdatomic.h>

enum { SERVER_HOSTED_MAX_DIM = 4096 };

/* 16 kHz mono samples in a file of s16le: num of them, from number `first` on. */
struct server_hosted_audio {
    int fd;
    uint64_t first, num;
};

/* values: [SERVER_HOSTED_MAX_DIM], of which *dim are set, of unit length. The service answers with
 * an array of numbers, one of those, or an object that has either as `embedding`. It may take a
 * minute; *stopping ends it. DIARIST_ERROR_OUTPUT: it did not answer so; DIARIST_ERROR_CANCELED. */
int server_hosted_embed(float *values, size_t *dim, const char *url,
                        const struct server_hosted_audio *audio, const atomic_bool *stopping,
                        diarist_error *err);

#endif
