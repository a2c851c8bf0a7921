/* embedder.c - speaker embeddings of recordings, by whoever can.
 * SPDX-License-Identifier: MIT
 *
 * file -> samples -+-> model --------------------------+-> embeddings
 *                  +-> file of s16le -> service (URL) -+ */
#include "embedder.h"

#include "clock.h"
#include "decoder.h"
#include "hosted.h"
#include "log.h"
#include "request.h"
#include "scratch.h"

#include "common/libcurl.h"
#include "common/fail.h"
#include "common/files.h"
#include "diarist/io.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK = 16000,             /* samples that are decoded at a time */
    MAX_EMBEDDED_S = 4 * 3600, /* memory grows by 118 MB an hour */
    MAX_HOSTED_S = 600         /* for all regions of a recording */
};

const char *const server_backend_names[SERVER_NUM_BACKENDS] = {"built-in", "fallback"};

struct server_embedder {
    const struct server_settings *settings;
    const char *scratch;
    const atomic_bool *stopping;
    pthread_mutex_t lock;
    /* Below: under the lock. */
    diarist_model *own; /* loaded here */
    const diarist_model *model;
    char problem[200];
    double retry_at;
    int told; /* the backend that the log knows of; -1: none yet */
    struct server_embedder_state counted;
};

/* ---- the model ---- */

static void tell_backend(struct server_embedder *embedder, int backend, const char *why) {
    if (embedder->told == backend)
        return;
    embedder->told = backend;
    server_log(backend == SERVER_BUILT_IN ? "info" : "warning", "embedding_backend", "{s:s,s:s}",
               "backend", backend < SERVER_NUM_BACKENDS ? server_backend_names[backend] : "none",
               "message", why);
}

static void keep_model(struct server_embedder *embedder, diarist_model *loaded, const char *why) {
    pthread_mutex_lock(&embedder->lock);
    embedder->own = loaded;
    embedder->model = loaded;
    embedder->retry_at = server_ticks() + embedder->settings->model_retry_s;
    snprintf(embedder->problem, sizeof embedder->problem, "%s",
             loaded ? "" : "the model cannot be loaded");
    tell_backend(embedder,
                 loaded                              ? SERVER_BUILT_IN
                 : embedder->settings->embedding_url ? SERVER_FALLBACK
                                                     : SERVER_NUM_BACKENDS,
                 why);
    pthread_mutex_unlock(&embedder->lock);
}

/* The model, loaded if that is due. */
static const diarist_model *find_model(struct server_embedder *embedder) {
    const struct server_settings *settings = embedder->settings;
    diarist_model *loaded = NULL;
    diarist_error err = {0};
    pthread_mutex_lock(&embedder->lock);
    const diarist_model *model = embedder->model;
    bool due = !model && settings->load_model && server_ticks() >= embedder->retry_at;
    pthread_mutex_unlock(&embedder->lock);
    if (!due)
        return model;
    int rc = settings->load_model(settings->load_data, &loaded, &err);
    keep_model(embedder, loaded, rc ? err.message : "the model is loaded");
    return loaded;
}

const diarist_model *server_embedder_model(struct server_embedder *embedder) {
    pthread_mutex_lock(&embedder->lock);
    const diarist_model *model = embedder->model;
    pthread_mutex_unlock(&embedder->lock);
    return model;
}

int server_embedder_new(struct server_embedder **out, const struct server_settings *settings,
                        const char *scratch, const atomic_bool *stopping, diarist_error *err) {
    *out = NULL;
    if (settings->embedding_url && !common_curl(err))
        return err->status;
    struct server_embedder *embedder = *out = calloc(1, sizeof *embedder);
    if (!embedder)
        return common_fail_memory(err);
    embedder->settings = settings;
    embedder->scratch = scratch;
    embedder->stopping = stopping;
    embedder->model = settings->model;
    embedder->told = embedder->model ? SERVER_BUILT_IN : -1;
    pthread_mutex_init(&embedder->lock, NULL);
    find_model(embedder);
    return DIARIST_OK;
}

void server_embedder_free(struct server_embedder *embedder) {
    if (!embedder)
        return;
    diarist_model_free(embedder->own);
    pthread_mutex_destroy(&embedder->lock);
    free(embedder);
}

void server_embedder_look(struct server_embedder *embedder, struct server_embedder_state *out) {
    pthread_mutex_lock(&embedder->lock);
    *out = embedder->counted;
    out->backend = embedder->model ? SERVER_BUILT_IN : SERVER_FALLBACK;
    out->available = embedder->model || embedder->settings->embedding_url;
    out->retry_in_s = embedder->model ? 0 : fmax(embedder->retry_at - server_ticks(), 0);
    memcpy(out->problem, embedder->problem, sizeof out->problem);
    pthread_mutex_unlock(&embedder->lock);
}

/* ---- samples ---- */

typedef int take_samples(void *data, const float *samples, size_t n, diarist_error *err);

/* All samples of a file to take, within the limits; then what they were. */
static int read_file(struct server_voices *out, const struct server_embedder *embedder,
                     const char *path, take_samples *take, void *data, diarist_error *err) {
    double max_s = fmin(embedder->settings->max_audio_s, MAX_EMBEDDED_S);
    float *samples = malloc(BLOCK * sizeof *samples);
    struct server_decoder *audio = NULL;
    diarist_audio_options options;
    size_t n = 0;
    diarist_audio_options_init(&options);
    int rc = samples ? server_decoder_open(&audio, path, &options, max_s, err)
                     : common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    while (!rc && !(rc = server_decoder_read(audio, samples, BLOCK, &n, err)) && n) {
        if (atomic_load(embedder->stopping))
            rc = common_fail(err, DIARIST_ERROR_CANCELED, "the service stops; try again later");
        else
            rc = take(data, samples, n, err);
    }
    if (!rc) {
        diarist_audio_info info;
        server_decoder_describe(audio, &info);
        out->duration_s = info.duration_s;
        if (info.warning)
            snprintf(out->warning, sizeof out->warning, "%s", info.warning);
    }
    server_decoder_close(audio);
    free(samples);
    return rc;
}

static int check_length(const struct server_voices *voices, const diarist_region *regions,
                        diarist_error *err) {
    if (regions || voices->duration_s >= SERVER_MIN_EMBEDDED_S)
        return DIARIST_OK;
    err->status = DIARIST_ERROR_INPUT;
    snprintf(err->message, sizeof err->message,
             "it has %.3f s of audio, too little to know a voice by; send %.1f s or more",
             voices->duration_s, SERVER_MIN_EMBEDDED_S);
    return DIARIST_ERROR_INPUT;
}

/* Room for the embeddings; dim is set. */
static int allocate(struct server_voices *voices, diarist_error *err) {
    voices->embeddings = calloc(voices->num * voices->dim + 1, sizeof *voices->embeddings);
    voices->seconds = calloc(voices->num + 1, sizeof *voices->seconds);
    return voices->embeddings && voices->seconds
               ? DIARIST_OK
               : common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
}

void server_voices_clear(struct server_voices *voices) {
    free(voices->embeddings);
    free(voices->seconds);
    *voices = (struct server_voices){0};
}

/* The i-th region within the recording, in a group of its own; without regions all of it. */
static diarist_region get_region(const struct server_voices *voices, const diarist_region *regions,
                                 size_t i) {
    diarist_region region = {0, voices->duration_s, (int32_t)i};
    if (regions) {
        region.start = fmin(regions[i].start, voices->duration_s);
        region.end = fmin(regions[i].end, voices->duration_s);
    }
    return region;
}

/* ---- by the model ---- */

static int feed(void *data, const float *samples, size_t n, diarist_error *err) {
    return diarist_recording_feed(data, samples, n, err);
}

/* A diarist_progress_fn. */
static int is_stopping(void *data, diarist_stage stage, double fraction, double seconds) {
    const struct server_embedder *embedder = data;
    (void)stage, (void)fraction, (void)seconds;
    return atomic_load(embedder->stopping);
}

static int embed_regions(struct server_voices *out, diarist_recording *recording,
                         const diarist_region *regions, diarist_error *err) {
    diarist_region *own = calloc(out->num + 1, sizeof *own);
    int rc = own ? allocate(out, err) : common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < out->num && !rc; i++)
        own[i] = get_region(out, regions, i);
    if (!rc)
        rc = diarist_recording_embed(out->embeddings, out->seconds, recording, own, out->num,
                                     out->num, err);
    free(own);
    return rc;
}

static int embed_built_in(struct server_voices *out, struct server_embedder *embedder,
                          const diarist_model *model, const char *path,
                          const diarist_region *regions, diarist_error *err) {
    diarist_options options = embedder->settings->engine;
    diarist_recording *recording;
    diarist_model_info info;
    diarist_model_describe(model, &info);
    out->dim = info.embedding_dim;
    options.task = DIARIST_TASK_EMBED;
    options.progress = is_stopping;
    options.progress_data = embedder;
    int rc = diarist_recording_open(&recording, model, &options, err);
    if (!rc)
        rc = read_file(out, embedder, path, feed, recording, err);
    if (!rc)
        rc = check_length(out, regions, err);
    if (!rc && out->num)
        rc = embed_regions(out, recording, regions, err);
    diarist_recording_free(recording);
    return rc;
}

/* ---- by the service ---- */

static int save(void *data, const float *samples, size_t n, diarist_error *err) {
    const int *fd = data;
    int16_t values[BLOCK / 16];
    for (size_t done = 0, part; done < n; done += part) {
        part = n - done < BLOCK / 16 ? n - done : BLOCK / 16;
        for (size_t i = 0; i < part; i++)
            values[i] = (int16_t)lrintf(fminf(samples[done + i] * 32768.0f, 32767.0f));
        if (common_write_all(*fd, (const char *)values, part * sizeof *values))
            return common_fail(err, DIARIST_ERROR_MEMORY, "there is no room for the samples");
    }
    return DIARIST_OK;
}

/* One region; all zeros when it is too short. values: [SERVER_HOSTED_MAX_DIM] */
static int ask_region(struct server_voices *out, size_t i, const struct server_embedder *embedder,
                      int fd, const diarist_region *region, float *values, diarist_error *err) {
    struct server_hosted_audio audio = {
        fd, (uint64_t)llround(region->start * DIARIST_SAMPLE_RATE),
        (uint64_t)llround((region->end - region->start) * DIARIST_SAMPLE_RATE)};
    size_t dim = 0;
    if (region->end - region->start < SERVER_MIN_EMBEDDED_S)
        return DIARIST_OK;
    int rc = server_hosted_embed(values, &dim, embedder->settings->embedding_url, &audio,
                                 embedder->stopping, err);
    if (!rc && !out->embeddings) {
        out->dim = dim;
        rc = allocate(out, err);
    }
    if (!rc && dim != out->dim)
        rc = common_fail(
            err, DIARIST_ERROR_OUTPUT,
            "the embedding service that is fallen back on answers now with so many values, "
            "now with others");
    if (!rc) {
        memcpy(out->embeddings + i * dim, values, dim * sizeof *values);
        out->seconds[i] = region->end - region->start;
    }
    return rc;
}

static int ask_regions(struct server_voices *out, const struct server_embedder *embedder, int fd,
                       const diarist_region *regions, diarist_error *err) {
    float *values = malloc(SERVER_HOSTED_MAX_DIM * sizeof *values);
    double deadline = server_ticks() + MAX_HOSTED_S;
    int rc = values ? DIARIST_OK : common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < out->num && !rc; i++) {
        diarist_region region = get_region(out, regions, i);
        rc = server_ticks() < deadline
                 ? ask_region(out, i, embedder, fd, &region, values, err)
                 : common_fail(err, DIARIST_ERROR_OUTPUT,
                               "the embedding service that is fallen back on takes too long");
    }
    free(values);
    return rc;
}

static int embed_hosted(struct server_voices *out, struct server_embedder *embedder,
                        const char *path, const diarist_region *regions, diarist_error *err) {
    char samples[SERVER_SCRATCH_PATH];
    int rc = server_scratch_path(samples, embedder->scratch, err);
    if (rc)
        return rc;
    int fd = open(samples, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return common_fail(err, DIARIST_ERROR_MEMORY, "there is no room for the samples");
    unlink(samples); /* what is open stays readable */
    rc = read_file(out, embedder, path, save, &fd, err);
    if (!rc)
        rc = check_length(out, regions, err);
    if (!rc)
        rc = ask_regions(out, embedder, fd, regions, err);
    /* When nothing was long enough nothing says how many values there are. */
    if (!rc && !out->embeddings)
        rc = allocate(out, err);
    close(fd);
    return rc;
}

/* ---- either ---- */

static void count(struct server_embedder *embedder, const struct server_voices *voices, int rc,
                  double took_s) {
    bool failed = server_embed_status(rc) >= 500;
    pthread_mutex_lock(&embedder->lock);
    if (!rc)
        embedder->counted.answered[voices->backend]++;
    else if (failed)
        embedder->counted.failed[voices->backend]++;
    embedder->counted.audio_s += rc ? 0 : voices->duration_s;
    embedder->counted.work_s += took_s;
    pthread_mutex_unlock(&embedder->lock);
}

int server_embed(struct server_voices *out, struct server_embedder *embedder, const char *path,
                 const diarist_region *regions, size_t num_regions, diarist_error *err) {
    double began_at = server_ticks();
    const diarist_model *model = find_model(embedder);
    *out = (struct server_voices){.backend = model ? SERVER_BUILT_IN : SERVER_FALLBACK,
                                  .num = regions ? num_regions : 1};
    int rc =
        model ? embed_built_in(out, embedder, model, path, regions, err)
        : embedder->settings->embedding_url
            ? embed_hosted(out, embedder, path, regions, err)
            : common_fail(err, DIARIST_ERROR_MODEL,
                          "the model cannot be loaded, and no other service is declared; the log "
                          "says why");
    count(embedder, out, rc, server_ticks() - began_at);
    if (server_embed_status(rc) >= 500)
        server_log("warning", "embedding", "{s:s,s:s}", "backend",
                   server_backend_names[out->backend], "message", server_printable(err->message));
    return rc;
}

int server_embed_status(int status) {
    switch (status) {
    case DIARIST_OK:
        return 200;
    case DIARIST_ERROR_INPUT:
    case DIARIST_ERROR_ARGUMENT:
        return 422;
    case DIARIST_ERROR_LIMIT:
        return 413;
    case DIARIST_ERROR_OUTPUT:
        return 502;
    case DIARIST_ERROR_MODEL:
    case DIARIST_ERROR_CANCELED:
        return 503;
    default:
        return 500;
    }
}
