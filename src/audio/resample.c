/* resample.c - any rate to 16 kHz, mono, as it comes.
 * SPDX-License-Identifier: MIT
 *
 * libsoxr, linear phase, 20-bit quality: passband to 0.91 of the lower Nyquist frequency, aliases
 * below -120 dB, which is under the noise of any 16-bit recording. */
#include "audio/resample.h"

#include "types.h"

#include <soxr.h>
#include <stdlib.h>
#include <string.h>

struct dr_resampler {
    soxr_t soxr; /* NULL: the rate is right already */
};

int dr_resampler_new(struct dr_resampler **out, int32_t rate_hz, diarist_error *err) {
    *out = NULL;
    struct dr_resampler *resampler = calloc(1, sizeof *resampler);
    if (!resampler)
        return dr_fail_memory(err);
    if (rate_hz != DR_SAMPLE_RATE) {
        soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
        soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
        soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
        resampler->soxr = soxr_create(rate_hz, DR_SAMPLE_RATE, 1, NULL, &io, &quality, &runtime);
        if (!resampler->soxr) {
            free(resampler);
            return dr_fail_memory(err);
        }
    }
    *out = resampler;
    return DIARIST_OK;
}

int dr_resampler_run(struct dr_resampler *resampler, const float *in, size_t num, size_t *used,
                     float *out, size_t capacity, size_t *made, diarist_error *err) {
    *used = *made = 0;
    if (resampler->soxr) {
        if (soxr_process(resampler->soxr, in, num, used, out, capacity, made))
            return dr_fail_memory(err);
        return DIARIST_OK;
    }
    if (in) {
        *used = *made = num < capacity ? num : capacity;
        memcpy(out, in, *used * sizeof *in);
    }
    return DIARIST_OK;
}

void dr_resampler_free(struct dr_resampler *resampler) {
    if (!resampler)
        return;
    soxr_delete(resampler->soxr);
    free(resampler);
}
