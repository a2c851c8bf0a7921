/* probe.h - a recording before it is used: can it be decoded, how long is it, which one is it.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include "diarist/diarist.h"

#include <stdint.h>

struct bench_probe {
    double duration_s; /* 0: unreadable */
    char *problem;     /* NULL: readable; else one line, to be freed */
    uint64_t num_bytes;
    char sha256[65]; /* of 64 blocks of 16 KiB spread over the file, or of all of a smaller one;
                        empty: unreadable */
};

/* WAV, FLAC and others whose header tells the length are decoded for a second at most, so that
 * hours of them take no time; others (MP3, video) to their end.
 * DIARIST_ERROR_MEMORY only: what is wrong with the file is its problem. */
int bench_probe(struct bench_probe *out, const char *path, diarist_error *err);

#endif
