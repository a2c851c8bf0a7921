/* worker.c - the thread that computes.
 * SPDX-License-Identifier: MIT
 *
 * store -> job -> diarist_audio -> diarist_recording -> diarist JSON -> store */
#include "worker.h"

#include "clock.h"
#include "decoder.h"
#include "job_options.h"
#include "log.h"
#include "scratch.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { BLOCK = 16000 }; /* samples that are decoded at a time */

struct server_worker {
    struct server_store *store;
    const struct server_settings *settings;
    const char *folder, *scratch;
    struct server_gate *gate;
    server_worker_changed *changed;
    void *data;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Below: under the lock. */
    bool draining, stopping, canceled;
    char id[SERVER_ID_BYTES]; /* being worked on; empty: none */
    double done, declared_s, began_at, told_at;
    double audio_s, work_s;
};

/* Of one job. */
struct work {
    struct server_worker *worker;
    struct server_job *job;
    diarist_options engine;
    diarist_audio_options audio_options;
    struct server_decoder *audio;
    diarist_recording *recording;
    diarist_result *result;
    char path[SERVER_SCRATCH_PATH];
};

static bool given_up(struct server_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    bool is = worker->canceled || worker->stopping;
    pthread_mutex_unlock(&worker->lock);
    return is;
}

/* Shares of the wall time of the stages, so that progress grows evenly. */
static double overall(diarist_stage stage, double fraction, double seconds, double declared_s) {
    static const double before[] = {0, 0.9, 0.97, 0.98}, share[] = {0.9, 0.07, 0.01, 0.02};
    if (fraction < 0)
        fraction = declared_s > 0 && seconds < declared_s ? seconds / declared_s : 0;
    return before[stage] + share[stage] * fraction;
}

/* A diarist_progress_fn. */
static int progress(void *data, diarist_stage stage, double fraction, double seconds) {
    struct server_worker *worker = data;
    double now = server_ticks();
    pthread_mutex_lock(&worker->lock);
    double done = overall(stage, fraction, seconds, worker->declared_s);
    if (done > worker->done)
        worker->done = done < 1 ? done : 1;
    bool tell = now - worker->told_at > 0.25, stop = worker->canceled || worker->stopping;
    if (tell)
        worker->told_at = now;
    pthread_mutex_unlock(&worker->lock);
    if (tell)
        worker->changed(worker->data);
    return stop;
}

static int fail(diarist_error *err, int status, const char *message) {
    err->status = status;
    snprintf(err->message, sizeof err->message, "%s", message);
    return status;
}

/* All samples into the recording, within the limit on seconds. */
static int feed(struct work *work, diarist_error *err) {
    static const char too_long[] = "it is longer than this service takes";
    float *samples = malloc(BLOCK * sizeof *samples);
    double fed = 0;
    size_t n = 0;
    int rc = samples ? DIARIST_OK : fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    while (!rc) {
        rc = server_decoder_read(work->audio, samples, BLOCK, &n, err);
        if (rc || !n)
            break;
        fed += (double)n / DIARIST_SAMPLE_RATE;
        if (fed > work->worker->settings->max_audio_s)
            rc = fail(err, DIARIST_ERROR_LIMIT, too_long);
        else if (given_up(work->worker))
            rc = fail(err, DIARIST_ERROR_CANCELED, "canceled");
        else
            rc = diarist_recording_feed(work->recording, samples, n, err);
    }
    free(samples);
    return rc;
}

static int diarize(struct work *work, diarist_error *err) {
    diarist_audio_info info;
    int rc = server_decoder_open(&work->audio, work->path, &work->audio_options,
                                 work->worker->settings->max_audio_s, err);
    if (!rc)
        rc = diarist_recording_open(&work->recording, work->worker->settings->model, &work->engine,
                                    err);
    if (rc)
        return rc;
    server_decoder_describe(work->audio, &info);
    if (info.declared_s > 0) {
        diarist_recording_expect(work->recording, info.declared_s);
        pthread_mutex_lock(&work->worker->lock);
        work->worker->declared_s = info.declared_s;
        pthread_mutex_unlock(&work->worker->lock);
    }
    rc = feed(work, err);
    return rc ? rc : diarist_recording_diarize(&work->result, work->recording, err);
}

/* The result as diarist JSON with all that it knows. */
static int describe(struct work *work, double began_at, char **text, diarist_error *err) {
    diarist_document *document = NULL;
    diarist_audio_info info;
    server_decoder_describe(work->audio, &info);
    diarist_source source = {.file = work->job->name,
                             .duration_s = info.duration_s,
                             .sample_rate = info.sample_rate,
                             .num_channels = info.num_channels,
                             .channel = work->audio_options.channel,
                             .sha256 = work->job->sha256,
                             .preset = server_preset_name(work->engine.preset),
                             .total_s = server_ticks() - began_at};
    int rc = diarist_document_new(&document, err);
    if (!rc)
        rc = diarist_document_add(document, work->result, &source, work->worker->settings->model,
                                  err);
    if (!rc) {
        diarist_write_options options;
        diarist_write_options_init(&options);
        options.embeddings = options.timing = 1;
        rc = server_scratch_write(text, NULL, document, "json", &options, work->worker->scratch,
                                  err);
    }
    diarist_document_free(document);
    return rc;
}

/* What a client is told about a job that failed: an HTTP status. */
static int32_t problem_status(int status) {
    switch (status) {
    case DIARIST_ERROR_INPUT:
    case DIARIST_ERROR_ARGUMENT:
        return 422;
    case DIARIST_ERROR_LIMIT:
        return 413;
    default:
        return 500;
    }
}

/* The library names the file in front of what is wrong; clients know it by another name. */
static const char *without_path(const char *message, const char *path) {
    size_t n = strlen(path);
    if (!strncmp(message, path, n) && !strncmp(message + n, ": ", 2))
        return message + n + 2;
    return strstr(message, path) ? "it cannot be decoded" : message;
}

static void settle(struct work *work, int rc, double began_at, const diarist_error *err,
                   const char *document) {
    struct server_worker *worker = work->worker;
    const char *id = work->job->id;
    double audio_s = rc ? 0 : diarist_result_duration(work->result);
    double took = server_ticks() - began_at;
    /* Of one that a client canceled the state is another already, and stays. */
    if (!rc)
        server_store_succeed(worker->store, id, audio_s, document);
    else if (rc == DIARIST_ERROR_CANCELED)
        server_store_put_back(worker->store, id);
    else
        server_store_fail(worker->store, id, problem_status(rc),
                          problem_status(rc) == 500 ? "it could not be diarized"
                                                    : without_path(err->message, work->path));
    pthread_mutex_lock(&worker->lock);
    worker->audio_s += audio_s;
    worker->work_s += took;
    pthread_mutex_unlock(&worker->lock);
    server_log(rc && rc != DIARIST_ERROR_CANCELED ? "warning" : "info", "job_end",
               "{s:s,s:s,s:f,s:f}", "job", id, "outcome",
               !rc                            ? "succeeded"
               : rc == DIARIST_ERROR_CANCELED ? "stopped"
                                              : err->message,
               "audio_s", audio_s, "took_s", took);
}

static void do_job(struct server_worker *worker, struct server_job *job) {
    struct work work = {.worker = worker, .job = job, .engine = worker->settings->engine};
    diarist_error err = {0};
    json_error_t wrong;
    double began_at = server_ticks();
    char *document = NULL;
    json_t *options = json_loads(job->options, 0, &wrong);
    diarist_audio_options_init(&work.audio_options);
    work.engine.progress = progress;
    work.engine.progress_data = worker;
    snprintf(work.path, sizeof work.path, "%s/%s", worker->folder, job->id);
    int rc = server_job_options_apply(options, &work.engine, &work.audio_options, &err);
    if (!rc)
        rc = diarize(&work, &err);
    if (!rc)
        rc = describe(&work, began_at, &document, &err);
    settle(&work, rc, began_at, &err, document);
    free(document);
    json_decref(options);
    diarist_result_free(work.result);
    diarist_recording_free(work.recording);
    server_decoder_close(work.audio);
}

/* Says which job is being worked on; NULL: none. */
static void announce(struct server_worker *worker, const struct server_job *job) {
    pthread_mutex_lock(&worker->lock);
    snprintf(worker->id, sizeof worker->id, "%s", job ? job->id : "");
    worker->done = worker->declared_s = 0;
    worker->began_at = server_ticks();
    worker->canceled = false;
    pthread_mutex_unlock(&worker->lock);
    worker->changed(worker->data);
}

static bool is_running(struct server_worker *worker, const char *id) {
    struct server_job job = {0};
    bool is = !server_store_get(worker->store, id, &job) && job.state == SERVER_RUNNING;
    server_job_clear(&job);
    return is;
}

/* Live streams cannot wait and recordings can: this thread, and those that it starts, get the time
 * that is left. Of Linux alone: elsewhere it would be the whole process. */
static void be_patient(void) {
#ifdef __linux__
    enum { NICE = 10 }; /* a tenth of the time, where live streams want all of it */
    setpriority(PRIO_PROCESS, 0, NICE);
#endif
}

static void *work_on(void *data) {
    struct server_worker *worker = data;
    be_patient();
    struct server_job job = {0};
    pthread_mutex_lock(&worker->lock);
    while (!worker->stopping) {
        pthread_mutex_unlock(&worker->lock);
        server_gate_enter(worker->gate, false);
        pthread_mutex_lock(&worker->lock);
        bool ends = worker->draining || worker->stopping;
        pthread_mutex_unlock(&worker->lock);
        bool taken = !ends && !server_store_take(worker->store, &job);
        if (taken) {
            announce(worker, &job);
            /* Canceled between taking and announcing: nobody could tell this thread. */
            if (is_running(worker, job.id))
                do_job(worker, &job);
            server_job_clear(&job);
            announce(worker, NULL);
        }
        server_gate_leave(worker->gate);
        pthread_mutex_lock(&worker->lock);
        if (!taken && !worker->stopping) {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += 1;
            pthread_cond_timedwait(&worker->wake, &worker->lock, &until);
        }
    }
    pthread_mutex_unlock(&worker->lock);
    return NULL;
}

int server_worker_start(struct server_worker **out, struct server_store *store,
                        const struct server_settings *settings, const char *folder,
                        const char *scratch, struct server_gate *gate,
                        server_worker_changed *changed, void *data, diarist_error *err) {
    struct server_worker *worker = calloc(1, sizeof *worker);
    *out = NULL;
    if (!worker)
        return fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    *worker = (struct server_worker){.store = store,
                                     .settings = settings,
                                     .folder = folder,
                                     .scratch = scratch,
                                     .gate = gate,
                                     .changed = changed,
                                     .data = data};
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->wake, NULL);
    if (pthread_create(&worker->thread, NULL, work_on, worker)) {
        free(worker);
        return fail(err, DIARIST_ERROR_MEMORY, "no thread could be started");
    }
    *out = worker;
    return DIARIST_OK;
}

void server_worker_wake(struct server_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
}

void server_worker_cancel(struct server_worker *worker, const char *id) {
    pthread_mutex_lock(&worker->lock);
    if (!strcmp(worker->id, id))
        worker->canceled = true;
    pthread_mutex_unlock(&worker->lock);
}

bool server_worker_progress(struct server_worker *worker, const char *id, double *done,
                            double *eta_s) {
    pthread_mutex_lock(&worker->lock);
    bool is = !strcmp(worker->id, id);
    double took = server_ticks() - worker->began_at;
    *done = is ? worker->done : 0;
    *eta_s = is && worker->done > 0.01 ? took / worker->done - took : -1;
    pthread_mutex_unlock(&worker->lock);
    return is;
}

bool server_worker_drain(struct server_worker *worker) {
    pthread_mutex_lock(&worker->lock);
    worker->draining = true;
    bool busy = *worker->id;
    pthread_mutex_unlock(&worker->lock);
    return busy;
}

void server_worker_stop(struct server_worker *worker) {
    if (!worker)
        return;
    pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->wake);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

void server_worker_totals(struct server_worker *worker, double *audio_s, double *work_s) {
    pthread_mutex_lock(&worker->lock);
    *audio_s = worker->audio_s;
    *work_s = worker->work_s;
    pthread_mutex_unlock(&worker->lock);
}
