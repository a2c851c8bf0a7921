/* wav.h - a recording as every system can read it.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_WAV_H
#define BENCH_WAV_H

#include "diarist/diarist.h"

/* Decodes any recording to a WAV file of 16 kHz, one channel (the mean of all), 16 bits. out NULL:
 * only decodes it. duration_s may be NULL. DIARIST_ERROR_INPUT: it cannot be read;
 * DIARIST_ERROR_OUTPUT: out cannot be written. */
int bench_wav_make(const char *out, const char *audio, double *duration_s, diarist_error *err);

/* The same of the k-th channel alone, k >= 1: samples of 16 bits at 16 kHz stay as they are. */
int bench_wav_make_channel(const char *out, const char *audio, int32_t channel, double *duration_s,
                           diarist_error *err);

#endif
