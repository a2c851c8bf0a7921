/* support.h - what the tests of audio share: a file of their own, and all that decoding it gives.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_AUDIO_SUPPORT_H
#define TESTS_AUDIO_SUPPORT_H

#include "diarist/io.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/* Group setup and teardown: one temporary file. */
int make_file(void **state);
int remove_file(void **state);
const char *file_path(void);
void write_file(const void *bytes, size_t size);

struct decoded {
    int status; /* of open or read */
    diarist_error err;
    float *samples; /* [num], malloc'ed; NULL when there are none */
    size_t num;
    diarist_audio_info info; /* strings are gone, but for */
    char decoder[16], warning[256], sha256[65];
};

/* Decodes path to the end, NULL options: the defaults. */
struct decoded decode(const char *path, const diarist_audio_options *options);
struct decoded decode_bytes(const void *bytes, size_t size, const diarist_audio_options *options);
/* The same bytes through a pipe as standard input, written in portions of odd sizes. */
struct decoded decode_piped(const void *bytes, size_t size, const diarist_audio_options *options);

diarist_audio_options default_options(void);
double uniform(uint64_t *state); /* in [-1, 1); xorshift64* */

#endif
