/* work.c - a job while it is worked on: its recording as samples, its result as a document.
 * SPDX-License-Identifier: MIT
 *
 * recording -> server_decoder -> samples -> the engine's queue -> diarist_result -> diarist JSON */
#include "work.h"

#include "clock.h"
#include "job_options.h"

#include "common/fail.h"
#include "common/presets.h"

#include <stdio.h>
#include <string.h>

int server_work_begin(struct server_work *work, const struct server_settings *settings,
                      const char *folder, struct server_job *job, diarist_error *err) {
    *work = (struct server_work){
        .job = *job, .settings = settings, .engine = settings->engine, .began_at = server_ticks()};
    *job = (struct server_job){0};
    diarist_audio_options_init(&work->audio_options);
    snprintf(work->path, sizeof work->path, "%s/%s", folder, work->job.id);
    work->engine.keep_evidence = 1;
    work->options = json_loads(work->job.options, 0, NULL);
    return server_job_options_apply(work->options, &work->engine, &work->audio_options, err);
}

static int open_audio(struct server_work *work, diarist_error *err) {
    diarist_audio_info info;
    int rc = server_decoder_open(&work->audio, work->path, &work->audio_options,
                                 work->settings->max_audio_s, err);
    if (rc)
        return rc;
    server_decoder_describe(work->audio, &info);
    atomic_store(&work->declared_s, info.declared_s);
    return DIARIST_OK;
}

int server_work_read(void *tag, float *samples, size_t capacity, size_t *num, diarist_error *err) {
    struct server_work *work = tag;
    int rc = work->audio ? DIARIST_OK : open_audio(work, err);
    if (!rc && atomic_load(&work->given_up))
        rc = common_fail(err, DIARIST_ERROR_CANCELED, "canceled");
    if (!rc)
        rc = server_decoder_read(work->audio, samples, capacity, num, err);
    return rc;
}

int server_work_describe(struct server_work *work, const char *scratch, char **text,
                         diarist_error *err) {
    diarist_document *document = NULL;
    diarist_write_options options;
    diarist_audio_info info;
    server_decoder_describe(work->audio, &info);
    diarist_source source = {.file = work->job.name,
                             .duration_s = info.duration_s,
                             .sample_rate = info.sample_rate,
                             .num_channels = info.num_channels,
                             .channel = work->audio_options.channel,
                             .sha256 = work->job.sha256,
                             .preset = common_preset_name(work->engine.preset),
                             .total_s = work->took_s};
    diarist_write_options_init(&options);
    options.embeddings = options.timing = 1;
    int rc = diarist_document_new(&document, err);
    if (!rc)
        rc = diarist_document_add(document, work->finished.result, &source, work->settings->model,
                                  err);
    if (!rc)
        rc = server_scratch_write(text, NULL, document, "json", &options, scratch, err);
    diarist_document_free(document);
    return rc;
}

void server_work_clear(struct server_work *work) {
    diarist_result_free(work->finished.result);
    server_decoder_close(work->audio);
    json_decref(work->options);
    server_job_clear(&work->job);
    *work = (struct server_work){0};
}
