/* mono.h - the first channel of a recording as 16-kHz WAV, which every system reads.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_MONO_H
#define BENCH_MONO_H

#include "diarist/diarist.h"

/* Writes the first channel of `from` to `to`: 16 kHz, 16 bits; samples of a recording of that kind
 * stay as they are. DIARIST_ERROR_INPUT: not audio, or over 37 hours. DIARIST_ERROR_OUTPUT. */
int bench_mono_write(const char *from, const char *to, diarist_error *err);

#endif
