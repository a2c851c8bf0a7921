/* samples.h - samples as they are fed, made fit for the networks.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_SAMPLES_H
#define DR_PIPELINE_SAMPLES_H

#include <math.h>
#include <stddef.h>

/* Copies n samples. NaN, and what is too faint for any recording (denormals, which slow a processor
 * down), is 0; what is outside [-1, 1] is clamped to it. */
static inline void dr_samples_copy(float *to, const float *from, size_t n) {
    const float inaudible = 1e-20f;
    for (size_t i = 0; i < n; i++) {
        float x = from[i];
        to[i] = !(fabsf(x) > inaudible) ? 0.0f : x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x;
    }
}

/* Whether all n samples are 0. */
static inline int dr_samples_silent(const float *samples, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (samples[i] != 0.0f)
            return 0;
    return 1;
}

/* Fills samples up from n to total with their mirror image, again and again: silence in a short
 * recording's chunk would silence the network. n >= 1. */
static inline void dr_samples_mirror(float *samples, size_t n, size_t total) {
    for (size_t i = n; i < total; i++) {
        size_t phase = i % (2 * n);
        samples[i] = samples[phase < n ? phase : 2 * n - 1 - phase];
    }
}

#endif
