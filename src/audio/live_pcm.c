/* live_pcm.c - PCM as it comes -> 16 kHz mono.
 * SPDX-License-Identifier: MIT
 *
 * frames [1024][num_channels] -> mono [1024] -> resampler -> samples: block by block as decode.c */
#include "audio/live_pcm.h"

#include "audio/raw_format.h"
#include "audio/resample.h"

#include <stdlib.h>

enum { BLOCK_FRAMES = 1024 };

struct diarist_pcm {
    struct dr_raw_format format;
    struct dr_resampler *resampler;
    float *frames; /* [BLOCK_FRAMES][num_channels] */
    float mono[BLOCK_FRAMES];
};

int dr_live_pcm_open(diarist_pcm **out, const char *raw, diarist_error *err) {
    struct dr_raw_format format;
    int status = dr_raw_parse(&format, raw, err);
    if (status)
        return status;
    diarist_pcm *pcm = calloc(1, sizeof *pcm);
    if (!pcm)
        return dr_fail_memory(err);
    pcm->format = format;
    pcm->frames = malloc(sizeof *pcm->frames * BLOCK_FRAMES * (size_t)format.num_channels);
    status =
        pcm->frames ? dr_resampler_new(&pcm->resampler, format.rate_hz, err) : dr_fail_memory(err);
    if (status) {
        dr_live_pcm_close(pcm);
        return status;
    }
    *out = pcm;
    return DIARIST_OK;
}

int dr_live_pcm_convert(diarist_pcm *pcm, const void *frames, size_t num, size_t *used,
                        float *samples, size_t capacity, size_t *made, diarist_error *err) {
    const size_t num_channels = (size_t)pcm->format.num_channels;
    size_t n = num < BLOCK_FRAMES ? num : BLOCK_FRAMES;
    if (frames) {
        dr_pcm_decode(pcm->frames, frames, n * num_channels, pcm->format.pcm, false);
        dr_pcm_mix(pcm->mono, pcm->frames, n, num_channels, 0);
    }
    int status = dr_resampler_run(pcm->resampler, frames ? pcm->mono : NULL, n, used, samples,
                                  capacity, made, err);
    if (!status)
        dr_pcm_clamp(samples, *made);
    return status;
}

void dr_live_pcm_close(diarist_pcm *pcm) {
    if (!pcm)
        return;
    dr_resampler_free(pcm->resampler);
    free(pcm->frames);
    free(pcm);
}
