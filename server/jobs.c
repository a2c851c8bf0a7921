/* jobs.c - diarizations: accepted, listed, looked at, canceled, deleted.
 * SPDX-License-Identifier: MIT */
#include "answer.h"
#include "job_json.h"
#include "job_options.h"
#include "job_result.h"
#include "parameters.h"
#include "routes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- accepting ---- */

static int sync_folder(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* The recording to its place, so that it is there after a power cut. */
static int keep_recording(struct server *server, struct server_upload *upload, const char *id) {
    char path[SERVER_MAX_PATH + 80];
    snprintf(path, sizeof path, "%s/%.64s", server->audio, id);
    if (fsync(upload->fd) || rename(upload->path, path))
        return -1;
    upload->path[0] = 0;
    return sync_folder(server->audio);
}

static void drop_recording(struct server *server, const char *id) {
    char path[SERVER_MAX_PATH + 80];
    snprintf(path, sizeof path, "%s/%.64s", server->audio, id);
    unlink(path);
}

static void answer_accepted(struct server *server, struct server_exchange *exchange,
                            const struct server_job *job) {
    server_answer_json(exchange, 202, server_job_json(server, job));
    snprintf(exchange->answer.location, sizeof exchange->answer.location, "/v1/diarizations/%s",
             job->id);
}

/* ?wait=1: the result once the job has ended. */
static void answer_waiting(struct server *server, struct server_exchange *exchange) {
    struct server_job job = {0};
    if (server_job_find(server, exchange, exchange->job, &job))
        return;
    if (job.state == SERVER_QUEUED || job.state == SERVER_RUNNING)
        exchange->answer.watch = true;
    else if (job.state == SERVER_SUCCEEDED)
        server_answer_result(server, exchange, &job);
    else
        server_answer_problem(exchange, job.state == SERVER_FAILED ? job.problem_status : 409, "%s",
                              job.state == SERVER_FAILED ? job.problem : "it was canceled");
    server_job_clear(&job);
}

/* The job goes into the store. */
static void add_job(struct server *server, struct server_exchange *exchange, char *options) {
    struct server_upload *upload = exchange->upload;
    const char *key = *exchange->idempotency_key ? exchange->idempotency_key : NULL;
    struct server_job job = {.name = strdup(upload->name),
                             .type = strdup(exchange->content_type),
                             .sha256 = strdup(upload->sha256),
                             .num_bytes = (int64_t)upload->num_bytes,
                             .options = options};
    size_t room = strlen(options) + sizeof upload->sha256 + 1;
    char *fingerprint = malloc(room);
    bool added = false;
    snprintf(job.id, sizeof job.id, "%s", exchange->id);
    enum server_stored stored = SERVER_STORE_FAILED;
    if (job.name && job.type && job.sha256 && fingerprint &&
        !keep_recording(server, upload, exchange->id)) {
        snprintf(fingerprint, room, "%s %s", upload->sha256, options);
        stored = server_store_add(server->store, &job, key, fingerprint,
                                  server->settings->max_queue, &added);
    }
    if (!added)
        drop_recording(server, exchange->id);
    if (added) {
        atomic_fetch_add(&server->jobs_added, 1);
        server_worker_wake(server->worker);
        server_job_clear(&job);
        stored = server_store_get(server->store, exchange->id, &job);
    }
    snprintf(exchange->job, sizeof exchange->job, "%s", job.id);
    if (stored)
        server_answer_unstored(exchange, stored);
    else if (server_parameter_flag(exchange, "wait"))
        answer_waiting(server, exchange);
    else
        answer_accepted(server, exchange, &job);
    free(fingerprint);
    server_job_clear(&job);
}

void server_job_create(struct server *server, struct server_exchange *exchange) {
    diarist_error err;
    if (*exchange->job) {
        answer_waiting(server, exchange);
        return;
    }
    if (server_parameters_check(exchange))
        return;
    if (!server->worker) {
        server_answer_problem(exchange, 503,
                              "there is no model to diarize with; try again once the log says that "
                              "it is loaded");
        exchange->answer.retry_after_s = 60;
        return;
    }
    json_t *options = server_job_options(&exchange->fields, exchange->route->parameters,
                                         &server->settings->engine, &err);
    char *text = options ? json_dumps(options, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text)
        add_job(server, exchange, text);
    else
        server_answer_problem(exchange, options ? 500 : 422, "%s",
                              options ? "out of memory" : err.message);
    json_decref(options);
}

/* ---- looking ---- */

void server_job_get(struct server *server, struct server_exchange *exchange) {
    struct server_job job = {0};
    if (server_job_find(server, exchange, exchange->item, &job))
        return;
    server_answer_json(exchange, 200, server_job_json(server, &job));
    server_job_clear(&job);
}

void server_job_list(struct server *server, struct server_exchange *exchange) {
    int64_t limit = server_parameter_whole(exchange, "limit");
    int64_t before = server_parameter_whole(exchange, "cursor");
    size_t num = 0;
    struct server_job *jobs = calloc((size_t)limit + 1, sizeof *jobs);
    enum server_stored stored =
        jobs ? server_store_list(server->store, before, jobs, (size_t)limit + 1, &num)
             : SERVER_STORE_FAILED;
    json_t *items = json_array(), *next = json_null();
    size_t shown = num > (size_t)limit ? (size_t)limit : num;
    for (size_t i = 0; i < shown; i++)
        json_array_append_new(items, server_job_json(server, &jobs[i]));
    if (shown < num)
        next = json_sprintf("%lld", (long long)jobs[shown - 1].sequence);
    for (size_t i = 0; i < num; i++)
        server_job_clear(&jobs[i]);
    free(jobs);
    json_t *list = json_pack("{s:o,s:o}", "diarizations", items, "next_cursor", next);
    if (!stored) {
        server_answer_json(exchange, 200, list);
        return;
    }
    json_decref(list);
    server_answer_unstored(exchange, stored);
}

/* ---- ending ---- */

void server_job_remove(struct server *server, struct server_exchange *exchange) {
    struct server_job job = {0};
    enum server_stored stored = server_store_cancel(server->store, exchange->item);
    if (!stored) {
        if (server->worker)
            server_worker_cancel(server->worker, exchange->item);
        if (!server_job_find(server, exchange, exchange->item, &job))
            server_answer_json(exchange, 200, server_job_json(server, &job));
        server_job_clear(&job);
        return;
    }
    if (stored == SERVER_OTHER_STATE && !server_store_has(server->store, exchange->item))
        stored = SERVER_NOT_THERE;
    else if (stored == SERVER_OTHER_STATE)
        stored = server_store_delete(server->store, exchange->item);
    if (stored) {
        server_answer_unstored(exchange, stored);
        return;
    }
    drop_recording(server, exchange->item);
    exchange->answer.status = 204;
}
