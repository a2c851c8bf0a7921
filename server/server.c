/* server.c - the service from its start to its end.
 * SPDX-License-Identifier: MIT
 *
 * folders, store -> worker -> loop ... -> drain: what runs may end, what waits stays in the store
 */
#include "server.h"

#include "clock.h"
#include "common/files.h"
#include "http.h"
#include "known.h"
#include "live.h"
#include "log.h"
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DISMISS_S = 2 }; /* until those who wait have been told */

/* ---- folders ---- */

static int make_folder(char *out, const char *data, const char *name, diarist_error *err) {
    int wrong = snprintf(out, SERVER_MAX_PATH, "%s/%s", data, name) >= SERVER_MAX_PATH - 64
                    ? ENAMETOOLONG
                    : common_make_directories(out);
    if (!wrong && access(out, R_OK | W_OK | X_OK))
        wrong = errno;
    if (!wrong)
        return DIARIST_OK;
    err->status = DIARIST_ERROR_OUTPUT;
    snprintf(err->message, sizeof err->message, "%.150s: cannot be used: %s; give another --data",
             data, strerror(wrong));
    return err->status;
}

/* Deletes the files of a folder; with a store those that are of no job. */
static void clean(const char *folder, struct server_store *store) {
    char path[SERVER_MAX_PATH + 256];
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.' || (store && server_store_has(store, entry->d_name)))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (directory)
        closedir(directory);
}

static int open_data(struct server *server, diarist_error *err) {
    const char *data = server->settings->data;
    char path[SERVER_MAX_PATH + 16];
    int rc = make_folder(server->audio, data, "audio", err);
    if (!rc && server->settings->speakers)
        rc = make_folder(server->speakers, data, "speakers", err);
    if (!rc)
        rc = make_folder(server->uploads, data, "uploads", err);
    if (!rc)
        rc = make_folder(server->scratch, data, "scratch", err);
    if (!rc && server->settings->bench)
        rc = make_folder(server->runs, data, "benchmarks", err);
    snprintf(path, sizeof path, "%s/store.sqlite", data);
    if (!rc)
        rc = server_store_open(&server->store, path, err);
    if (rc)
        return rc;
    /* What a program that was ended left behind. */
    clean(server->uploads, NULL);
    clean(server->scratch, NULL);
    clean(server->audio, server->store);
    return DIARIST_OK;
}

/* ---- running ---- */

/* glibc takes the first large piece that is freed for a sign that more will follow, and from then
 * on keeps up to 64 MB of such: after some jobs a third of what is resident. With a threshold that
 * is said to it, a recording's memory goes back to the system with the recording. */
static void keep_no_memory(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

static void run_until(struct server *server, struct server_http *http, double deadline) {
    while (server_ticks() < deadline && atomic_load(&server->connections) > 0)
        server_http_step(http);
}

static bool is_busy(struct server *server, struct server_http *http) {
    bool works = server->worker && server_worker_drain(server->worker);
    return works || server_http_computing(http) || server_http_streams(http);
}

static void drain(struct server *server, struct server_http *http) {
    double deadline = server_ticks() + server->settings->drain_s;
    server_log("info", "draining", "{s:i}", "seconds", (int)server->settings->drain_s);
    atomic_store(&server->draining, true);
    server_bench_worker_drain(server->bench);
    server_live_drain(server->live);
    while (is_busy(server, http) && server_ticks() < deadline)
        server_http_step(http);
    atomic_store(&server->stopping, true);
    server_http_step(http);
    server_http_dismiss(http);
    run_until(server, http, server_ticks() + DISMISS_S);
}

static void on_heard(void *data) {
    server_http_heard(data);
}

static void on_changed(void *data) {
    server_http_changed(data);
}

/* Once there is a model, which nobody but the worker and live streams, begun after this, gets from
 * the settings. */
static int start_worker(struct server *server, struct server_settings *settings,
                        struct server_http *http, diarist_error *err) {
    struct server_worker *worker = NULL;
    settings->model = server_embedder_model(server->embedder);
    int rc = settings->model
                 ? server_worker_start(&worker, server->store, settings, server->audio,
                                       server->scratch, &server->gate, on_changed, http, err)
                 : DIARIST_OK;
    server->worker = worker;
    return rc;
}

static void tell_ready(struct server *server) {
    const diarist_model *model = server_embedder_model(server->embedder);
    diarist_model_info info = {0};
    if (model)
        diarist_model_describe(model, &info);
    server_log("info", "ready", "{s:s?,s:s?,s:s?,s:b}", "model", info.name, "sha256", info.sha256,
               "instruction_set", info.instruction_set, "keys", (int)(server->keys.num > 0));
    if (!server_sandbox_filters())
        server_log("warning", "no_filter", "{s:s}", "message",
                   "for this processor there is no filter of system calls: recordings are decoded "
                   "in processes that have limits alone");
    if (!server->keys.num)
        server_log("warning", "no_keys", "{s:s}", "message",
                   "DIARIST_API_KEYS is not set: this machine alone is served");
}

/* A list that cannot be read is told when the service starts, not to those who ask for it. */
static int check_bench_files(const diarist_bench_settings *bench, diarist_error *err) {
    char *text = NULL;
    int rc = diarist_bench_datasets(&text, bench, err);
    free(text);
    if (rc)
        return rc;
    rc = diarist_bench_systems(&text, bench, err);
    free(text);
    return rc;
}

static int run(struct server *server, const struct server_settings *given, diarist_error *err) {
    struct server_settings settings = *given;
    struct server_http *http = NULL;
    int rc = DIARIST_OK;
    server_log_least(settings.log_level);
    keep_no_memory();
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is a full disk: a write fails */
    server->settings = &settings;
    server_gate_init(&server->gate);
    if (server_keys_add(&server->keys, settings.keys) ||
        server_keys_add(&server->keys, settings.more_keys)) {
        *err = (diarist_error){DIARIST_ERROR_MEMORY, "out of memory"};
        rc = DIARIST_ERROR_MEMORY;
    } else if (!server->keys.num && !server_is_loopback(settings.address)) {
        *err = (diarist_error){DIARIST_ERROR_ARGUMENT,
                               "without keys only this machine may be served; set DIARIST_API_KEYS "
                               "or listen on 127.0.0.1"};
        rc = DIARIST_ERROR_ARGUMENT;
    }
    if (!rc)
        rc = open_data(server, err);
    if (!rc)
        rc = server_embedder_new(&server->embedder, &settings, server->scratch, &server->stopping,
                                 err);
    if (!rc && settings.profiles) {
        struct server_known known;
        rc = server_known_open(&known, server, err);
        server_known_clear(&known);
    }
    if (!rc && settings.bench)
        rc = check_bench_files(settings.bench, err);
    if (!rc)
        rc = server_http_open(&http, server, err);
    if (!rc)
        rc = server_live_start(&server->live, &settings, on_heard, http, err);
    if (!rc && settings.bench)
        rc = server_bench_worker_start(&server->bench, server->store, settings.bench, server->runs,
                                       &server->gate, err);
    if (!rc)
        rc = start_worker(server, &settings, http, err);
    if (!rc) {
        tell_ready(server);
        while (!rc && !settings.stopped()) {
            server_http_step(http);
            if (!server->worker)
                rc = start_worker(server, &settings, http, err);
        }
        drain(server, http);
        server_worker_stop(server->worker);
        server_bench_worker_stop(server->bench);
        server_log("info", "stopped", "{}");
    } else {
        server_worker_stop(server->worker);
    }
    server_live_stop(server->live);
    server_http_close(http);
    server_live_free(server->live);
    server_embedder_free(server->embedder);
    server_store_close(server->store);
    server_keys_free(&server->keys);
    server_gate_destroy(&server->gate);
    return rc;
}

int server_run(const struct server_settings *settings, diarist_error *err) {
    struct server *server = calloc(1, sizeof *server);
    if (!server) {
        *err = (diarist_error){DIARIST_ERROR_MEMORY, "out of memory"};
        return DIARIST_ERROR_MEMORY;
    }
    int rc = run(server, settings, err);
    free(server);
    return rc;
}
