/* resample.h - any rate to 16 kHz, mono, as it comes.
 * SPDX-License-Identifier: MIT */
#ifndef DR_AUDIO_RESAMPLE_H
#define DR_AUDIO_RESAMPLE_H

#include "base/error.h"

struct dr_resampler;

/* rate_hz within DR_AUDIO_MIN_RATE and DR_AUDIO_MAX_RATE; 16000 passes samples through as they are.
 */
int dr_resampler_new(struct dr_resampler **out, int32_t rate_hz, diarist_error *err);

/* Takes up to num samples of in (*used) and gives up to capacity of out (*made). in NULL: there is
 * no more input; *made is then 0 once everything is out. In all about num * 16000 / rate_hz. */
int dr_resampler_run(struct dr_resampler *resampler, const float *in, size_t num, size_t *used,
                     float *out, size_t capacity, size_t *made, diarist_error *err);
void dr_resampler_free(struct dr_resampler *resampler); /* NULL allowed */

#endif
