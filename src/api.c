/* api.c - public entry points of the engine: check arguments, then call.
 * SPDX-License-Identifier: MIT */
#include "diarist/diarist.h"

#include <math.h>

#include "base/error.h"
#include "base/threads.h"
#include "pipeline/offline.h"

const char *diarist_version(void) {
    return DIARIST_VERSION;
}

int32_t diarist_available_threads(void) {
    return dr_available_threads();
}

int diarist_recording_diarize(diarist_result **out, diarist_recording *recording,
                              diarist_error *err) {
    return dr_diarize(out, recording, err);
}

int diarist_recording_vad(diarist_result **out, diarist_recording *recording, diarist_error *err) {
    return dr_vad(out, recording, err);
}

int diarist_recording_embed(float *embeddings, double *seconds, diarist_recording *recording,
                            const diarist_region *regions, size_t num_regions, size_t num_groups,
                            diarist_error *err) {
    return dr_embed(embeddings, seconds, recording, regions, num_regions, num_groups, err);
}

/* A recording for a task with all its samples, or NULL. */
static diarist_recording *feed_all(const diarist_model *model, const float *samples, size_t n,
                                   const diarist_options *options, diarist_task task, int *status,
                                   diarist_error *err) {
    diarist_recording *recording;
    diarist_options own;
    *status = diarist_options_check(options, err); /* its size, before it is copied */
    if (*status)
        return NULL;
    if (options)
        own = *options;
    else
        diarist_options_init(&own);
    own.task = task;
    *status = diarist_recording_open(&recording, model, &own, err);
    if (*status)
        return NULL;
    diarist_recording_expect(recording, (double)n / DIARIST_SAMPLE_RATE);
    *status = diarist_recording_feed(recording, samples, n, err);
    if (!*status)
        return recording;
    diarist_recording_free(recording);
    return NULL;
}

int diarist_diarize(diarist_result **out, const diarist_model *model, const float *samples,
                    size_t n, const diarist_options *options, diarist_error *err) {
    int status;
    *out = NULL;
    diarist_recording *recording =
        feed_all(model, samples, n, options, DIARIST_TASK_DIARIZE, &status, err);
    if (recording)
        status = dr_diarize(out, recording, err);
    diarist_recording_free(recording);
    return status;
}

int diarist_vad(diarist_result **out, const diarist_model *model, const float *samples, size_t n,
                const diarist_options *options, diarist_error *err) {
    int status;
    *out = NULL;
    diarist_recording *recording =
        feed_all(model, samples, n, options, DIARIST_TASK_VAD, &status, err);
    if (recording)
        status = dr_vad(out, recording, err);
    diarist_recording_free(recording);
    return status;
}

int diarist_embed(float *embedding, const diarist_model *model, const float *samples, size_t n,
                  const diarist_options *options, diarist_error *err) {
    int status;
    diarist_recording *recording =
        feed_all(model, samples, n, options, DIARIST_TASK_EMBED, &status, err);
    const diarist_region whole = {0.0, (double)n / DIARIST_SAMPLE_RATE, 0};
    if (recording)
        status = dr_embed(embedding, NULL, recording, &whole, 1, 1, err);
    diarist_recording_free(recording);
    return status;
}

double diarist_similarity(const float *a, const float *b, size_t dim) {
    double dot = 0.0, aa = 0.0, bb = 0.0;
    for (size_t i = 0; i < dim; i++) {
        dot += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    return aa > 0.0 && bb > 0.0 ? dot / sqrt(aa * bb) : 0.0;
}
