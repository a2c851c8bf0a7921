/* benchmarks.c - benchmarks over HTTP: asked for, looked at, reported.
 * SPDX-License-Identifier: MIT */
#include "answer.h"
#include "body.h"
#include "clock.h"
#include "job_json.h"
#include "log.h"
#include "parameters.h"
#include "routes.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without datasets the paths are not there. -1: the answer is set. */
static int check_enabled(const struct server *server, struct server_exchange *exchange) {
    if (server->bench)
        return 0;
    server_answer_problem(exchange, 404, "this service was started without datasets");
    return -1;
}

static void answer_unstored(struct server_exchange *exchange, enum server_stored stored) {
    if (stored == SERVER_NOT_THERE)
        server_answer_problem(exchange, 404, "there is no such benchmark");
    else
        server_answer_unstored(exchange, stored);
}

/* The one that the path names. -1: the answer is set, and nothing to be cleared. */
static int find_job(struct server *server, struct server_exchange *exchange,
                    struct server_bench_job *job) {
    *job = (struct server_bench_job){.state = SERVER_BENCH_QUEUED};
    if (check_enabled(server, exchange))
        return -1;
    enum server_stored stored = server_bench_get(server->store, exchange->item, job);
    if (stored)
        answer_unstored(exchange, stored);
    return stored ? -1 : 0;
}

/* ---- asked for ---- */

/* What the library says against a specification: "FIELD: what is wrong; what to do". */
static void answer_wrong(struct server_exchange *exchange, const char *message) {
    const char *colon = strstr(message, ": ");
    char field[256];
    if (!colon || !strncmp(message, "line ", 5)) {
        server_answer_problem(exchange, 422, "%s", message);
        return;
    }
    snprintf(field, sizeof field, "%.*s", (int)(colon - message), message);
    server_answer_invalid(exchange, field, message);
}

/* Takes the client's own data out of what it has sent; a new reference. NULL: the answer is set. */
static json_t *take_metadata(struct server_exchange *exchange, json_t *spec) {
    json_t *metadata = json_incref(json_object_get(spec, "metadata"));
    json_object_del(spec, "metadata");
    if (!metadata || json_is_null(metadata))
        return json_object();
    if (json_is_object(metadata))
        return metadata;
    json_decref(metadata);
    server_answer_invalid(exchange, "metadata", "metadata: is no object; give one or leave it out");
    return NULL;
}

/* The specification with every default. NULL: the answer is set. */
static json_t *resolve(const struct server *server, struct server_exchange *exchange,
                       const char *spec) {
    diarist_bench_settings bench = *server->settings->bench;
    diarist_error err;
    char *text = NULL;
    bench.refuse_commands = 1;
    int status = diarist_bench_spec_check(&text, &bench, spec, &err);
    json_t *resolved = status ? NULL : json_loads(text, 0, NULL);
    free(text);
    if (status == DIARIST_ERROR_ARGUMENT) {
        answer_wrong(exchange, err.message);
    } else if (!resolved) {
        server_log("error", "benchmark_settings", "{s:s}", "message", status ? err.message : "");
        server_answer_problem(exchange, 500, "the service's list of datasets or systems is broken");
    }
    return resolved;
}

static void add_job(struct server *server, struct server_exchange *exchange,
                    const struct server_bench_job *job) {
    enum server_stored stored = server_bench_add(server->store, job, server->settings->max_queue);
    if (stored) {
        answer_unstored(exchange, stored);
        return;
    }
    server_bench_worker_wake(server->bench);
    server_answer_json(exchange, 202,
                       json_pack("{s:s,s:s}", "job_id", job->id, "status",
                                 server_bench_state_names[SERVER_BENCH_QUEUED]));
    snprintf(exchange->answer.location, sizeof exchange->answer.location, "/v1/jobs/%s", job->id);
}

void server_bench_create(struct server *server, struct server_exchange *exchange) {
    struct server_bench_job job = {.state = SERVER_BENCH_QUEUED};
    if (check_enabled(server, exchange))
        return;
    json_t *spec = server_body_json(exchange);
    if (!spec)
        return;
    snprintf(job.id, sizeof job.id, "%s", exchange->id);
    if (!json_is_object(spec))
        server_answer_problem(exchange, 422, "the body is no object; give a specification");
    else if ((job.metadata = take_metadata(exchange, spec)) &&
             (job.spec = json_dumps(spec, JSON_COMPACT)) &&
             (job.resolved = resolve(server, exchange, job.spec)))
        add_job(server, exchange, &job);
    json_decref(spec);
    server_bench_job_clear(&job);
}

/* ---- looked at ---- */

static json_t *time_json(double time) {
    char text[SERVER_TIME_SIZE];
    return time > 0 ? json_string(server_time_text(text, time)) : json_null();
}

/* Systems as they were asked for: without the commands of the operator's. */
static json_t *systems_json(const json_t *resolved) {
    json_t *out = json_array(), *system;
    size_t i;
    json_array_foreach(json_object_get(resolved, "systems"), i, system) {
        json_array_append_new(out, json_pack("{s:O,s:O,s:O}", "system_id",
                                             json_object_get(system, "system_id"), "version",
                                             json_object_get(system, "version"), "params",
                                             json_object_get(system, "params")));
    }
    return out;
}

static json_t *job_json(struct server *server, const struct server_bench_job *job) {
    struct server_bench_progress progress;
    bool is_running = job->state == SERVER_BENCH_RUNNING &&
                      server_bench_worker_progress(server->bench, job->id, &progress);
    bool has_ended = job->state > SERVER_BENCH_RUNNING;
    json_t *out = json_pack("{s:s,s:s,s:f}", "job_id", job->id, "status",
                            server_bench_state_names[job->state], "progress_percent",
                            is_running                     ? progress.percent
                            : has_ended && job->has_report ? 100.0
                                                           : 0.0);
    if (!out)
        return NULL;
    json_object_set_new(out, "eta_seconds",
                        is_running && progress.eta_s >= 0 ? json_real(progress.eta_s)
                                                          : json_null());
    json_object_set_new(out, "current_step",
                        is_running && *progress.step ? json_string(progress.step) : json_null());
    json_object_set_new(out, "created_at", time_json(job->created_at));
    json_object_set_new(out, "started_at", time_json(job->started_at));
    json_object_set_new(out, "finished_at", time_json(job->finished_at));
    json_object_set_new(out, "error", *job->problem ? json_string(job->problem) : json_null());
    json_object_set(out, "dataset_id", json_object_get(job->resolved, "dataset_id"));
    json_object_set_new(out, "systems", systems_json(job->resolved));
    json_object_set(out, "metadata", job->metadata);
    json_object_set_new(out, "report_key", job->has_report ? json_string(job->id) : json_null());
    return out;
}

void server_bench_look(struct server *server, struct server_exchange *exchange) {
    struct server_bench_job job;
    if (!find_job(server, exchange, &job))
        server_answer_json(exchange, 200, job_json(server, &job));
    server_bench_job_clear(&job);
}

/* ---- reported ---- */

/* {"job_id","report_key","report"} */
static void answer_report(struct server *server, struct server_exchange *exchange, const char *id) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out)
        fprintf(out, "{\"job_id\":\"%s\",\"report_key\":\"%s\",\"report\":", id, id);
    enum server_stored stored =
        out ? server_bench_report(server->store, id, out) : SERVER_STORE_FAILED;
    if (out && (fprintf(out, "}") < 0 || fclose(out)))
        stored = SERVER_STORE_FAILED;
    if (!stored) {
        server_answer_text(exchange, 200, "application/json", text, size);
        return;
    }
    free(text);
    answer_unstored(exchange, stored);
}

void server_bench_report_get(struct server *server, struct server_exchange *exchange) {
    struct server_bench_job job;
    if (find_job(server, exchange, &job))
        return;
    if (job.has_report)
        answer_report(server, exchange, job.id);
    else if (job.state > SERVER_BENCH_RUNNING)
        server_answer_problem(exchange, 404, "the benchmark has no report: %s", job.problem);
    else
        server_answer_problem(exchange, 409, "the benchmark has not ended yet; try again later");
    server_bench_job_clear(&job);
}

void server_bench_report_list(struct server *server, struct server_exchange *exchange) {
    int64_t limit = server_parameter_whole(exchange, "limit");
    int64_t offset = server_parameter_whole(exchange, "offset"), count = 0;
    json_t *list, *one;
    size_t i;
    if (check_enabled(server, exchange))
        return;
    enum server_stored stored = server_bench_reports(server->store, offset, limit, &list, &count);
    if (stored) {
        answer_unstored(exchange, stored);
        return;
    }
    json_array_foreach(list, i, one) {
        json_object_set_new(one, "systems", systems_json(json_object_get(one, "spec")));
        json_object_del(one, "spec");
    }
    server_answer_json(exchange, 200,
                       json_pack("{s:I,s:o}", "count", (json_int_t)count, "results", list));
}

void server_bench_dataset_list(struct server *server, struct server_exchange *exchange) {
    diarist_error err;
    char *text = NULL;
    if (check_enabled(server, exchange))
        return;
    if (diarist_bench_datasets(&text, server->settings->bench, &err)) {
        server_log("error", "benchmark_settings", "{s:s}", "message", err.message);
        server_answer_problem(exchange, 500, "the service's list of datasets is broken");
        return;
    }
    server_answer_text(exchange, 200, "application/json", text, strlen(text));
}
