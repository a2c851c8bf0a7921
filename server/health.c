/* health.c - whether the service runs, what it computes with, and its figures.
 * SPDX-License-Identifier: MIT */
#include "answer.h"
#include "bench_store.h"
#include "live.h"
#include "routes.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>

void server_healthz(struct server *server, struct server_exchange *exchange) {
    (void)server;
    server_answer_json(exchange, 200, json_pack("{s:s}", "status", "ok"));
}

/* Who answers when an embedding is asked for. */
static json_t *embedding_json(struct server *server) {
    struct server_embedder_state state;
    server_embedder_look(server->embedder, &state);
    return json_pack("{s:s,s:b,s:s?,s:o}", "backend",
                     state.available ? server_backend_names[state.backend] : "none",
                     "fallback_declared", (int)(server->settings->embedding_url != NULL), "problem",
                     *state.problem ? state.problem : NULL, "retry_in",
                     *state.problem ? json_real(state.retry_in_s) : json_null());
}

void server_readyz(struct server *server, struct server_exchange *exchange) {
    diarist_model_info info = {0};
    int64_t counts[SERVER_NUM_STATES];
    const diarist_model *model = server_embedder_model(server->embedder);
    bool draining = atomic_load(&server->draining);
    bool stored = !server_store_count(server->store, counts);
    int32_t threads = server->settings->engine.num_threads;
    if (model)
        diarist_model_describe(model, &info);
    server_answer_json(exchange, draining || !stored ? 503 : 200,
                       json_pack("{s:s,s:s,s:i,s:s?,s:{s:s?,s:s?,s:s?},s:o}", "status",
                                 draining  ? "draining"
                                 : !stored ? "store failed"
                                 : !model  ? "embeddings only"
                                           : "ready",
                                 "version", diarist_version(), "threads",
                                 threads ? threads : diarist_available_threads(), "instruction_set",
                                 info.instruction_set, "model", "name", info.name, "architecture",
                                 info.architecture, "sha256", info.sha256, "embedding",
                                 embedding_json(server)));
}

struct page {
    char *text;
    size_t size;
    FILE *file;
};

static void metric(struct page *page, const char *name, const char *type, const char *help) {
    fprintf(page->file, "# HELP diarist_%s %s\n# TYPE diarist_%s %s\n", name, help, name, type);
}

static void print_requests(struct page *page, struct server *server) {
    metric(page, "http_requests_total", "counter", "Requests answered, by class of status.");
    for (int i = 2; i < 6; i++)
        fprintf(page->file, "diarist_http_requests_total{status=\"%dxx\"} %llu\n", i,
                atomic_load(&server->requests[i]));
    metric(page, "upload_bytes_total", "counter", "Bytes of bodies received.");
    fprintf(page->file, "diarist_upload_bytes_total %llu\n", atomic_load(&server->upload_bytes));
    metric(page, "connections", "gauge", "Requests that are being read or answered.");
    fprintf(page->file, "diarist_connections %d\n", atomic_load(&server->connections));
}

static void print_work(struct page *page, struct server *server) {
    struct server_worker_totals totals = {0};
    if (server->worker)
        server_worker_total(server->worker, &totals);
    metric(page, "jobs_added_total", "counter", "Jobs accepted since the start.");
    fprintf(page->file, "diarist_jobs_added_total %llu\n", atomic_load(&server->jobs_added));
    metric(page, "audio_seconds_total", "counter", "Seconds of audio diarized since the start.");
    fprintf(page->file, "diarist_audio_seconds_total %.3f\n", totals.audio_s);
    metric(page, "work_seconds_total", "counter",
           "Seconds of wall time that each job took, added up.");
    fprintf(page->file, "diarist_work_seconds_total %.3f\n", totals.work_s);
    metric(page, "jobs_expired_total", "counter", "Jobs deleted for their age since the start.");
    fprintf(page->file, "diarist_jobs_expired_total %llu\n", (unsigned long long)totals.expired);
}

/* What the store holds. */
struct counts {
    int64_t jobs[SERVER_NUM_STATES], benchmarks[SERVER_BENCH_NUM_STATES];
};

static enum server_stored count(struct counts *counts, struct server *server) {
    enum server_stored stored = server_store_count(server->store, counts->jobs);
    return stored || !server->bench ? stored
                                    : server_bench_count(server->store, counts->benchmarks);
}

static void print_jobs(struct page *page, struct server *server, const struct counts *counts) {
    metric(page, "jobs", "gauge", "Jobs in the store, by status.");
    for (int i = 0; i < SERVER_NUM_STATES; i++)
        fprintf(page->file, "diarist_jobs{status=\"%s\"} %lld\n", server_state_names[i],
                (long long)counts->jobs[i]);
    if (!server->bench)
        return;
    metric(page, "benchmarks", "gauge", "Benchmarks in the store, by status.");
    for (int i = 0; i < SERVER_BENCH_NUM_STATES; i++)
        fprintf(page->file, "diarist_benchmarks{status=\"%s\"} %lld\n", server_bench_state_names[i],
                (long long)counts->benchmarks[i]);
}

static void print_live(struct page *page, struct server *server) {
    struct server_live_totals totals;
    server_live_totals(server->live, &totals);
    metric(page, "live_streams", "gauge", "Live streams that have not ended.");
    fprintf(page->file, "diarist_live_streams %d\n", totals.open);
    metric(page, "live_streams_attached", "gauge", "Live streams with a connection.");
    fprintf(page->file, "diarist_live_streams_attached %d\n", totals.attached);
    metric(page, "live_behind_seconds", "gauge", "The most audio that waits in a live stream.");
    fprintf(page->file, "diarist_live_behind_seconds %.3f\n", totals.behind_s);
    metric(page, "live_streams_total", "counter", "Live streams begun since the start.");
    fprintf(page->file, "diarist_live_streams_total %llu\n", (unsigned long long)totals.streams);
    metric(page, "live_audio_seconds_total", "counter", "Seconds of audio heard live.");
    fprintf(page->file, "diarist_live_audio_seconds_total %.3f\n", totals.audio_s);
    metric(page, "live_events_total", "counter", "Events of live streams.");
    fprintf(page->file, "diarist_live_events_total %llu\n", (unsigned long long)totals.events);
}

static void print_embeddings(struct page *page, struct server *server) {
    struct server_embedder_state state;
    server_embedder_look(server->embedder, &state);
    metric(page, "embedding_backend", "gauge", "1 for who answers when an embedding is asked for.");
    for (int i = 0; i < SERVER_NUM_BACKENDS; i++)
        fprintf(page->file, "diarist_embedding_backend{backend=\"%s\"} %d\n",
                server_backend_names[i], state.available && (int)state.backend == i);
    metric(page, "embedded_recordings_total", "counter", "Recordings embedded, by who did.");
    for (int i = 0; i < SERVER_NUM_BACKENDS; i++)
        fprintf(page->file, "diarist_embedded_recordings_total{backend=\"%s\"} %llu\n",
                server_backend_names[i], (unsigned long long)state.answered[i]);
    metric(page, "embedding_failures_total", "counter",
           "Recordings that could not be embedded through no fault of theirs.");
    for (int i = 0; i < SERVER_NUM_BACKENDS; i++)
        fprintf(page->file, "diarist_embedding_failures_total{backend=\"%s\"} %llu\n",
                server_backend_names[i], (unsigned long long)state.failed[i]);
    metric(page, "embedded_audio_seconds_total", "counter", "Seconds of audio embedded.");
    fprintf(page->file, "diarist_embedded_audio_seconds_total %.3f\n", state.audio_s);
    metric(page, "embedding_seconds_total", "counter", "Seconds of wall time spent on that.");
    fprintf(page->file, "diarist_embedding_seconds_total %.3f\n", state.work_s);
}

void server_metrics(struct server *server, struct server_exchange *exchange) {
    struct page page = {0};
    struct counts counts;
    const diarist_model *model = server_embedder_model(server->embedder);
    diarist_model_info info = {.name = "", .sha256 = "", .instruction_set = ""};
    if (model)
        diarist_model_describe(model, &info);
    if (count(&counts, server) || !(page.file = open_memstream(&page.text, &page.size))) {
        server_answer_problem(exchange, 503, "the store cannot be read; try again");
        return;
    }
    metric(&page, "info", "gauge", "What the service computes with.");
    fprintf(page.file,
            "diarist_info{version=\"%s\",model=\"%s\",model_sha256=\"%s\",instruction_set=\"%s\"} "
            "1\n",
            diarist_version(), info.name, info.sha256, info.instruction_set);
    print_jobs(&page, server, &counts);
    print_work(&page, server);
    print_live(&page, server);
    print_embeddings(&page, server);
    print_requests(&page, server);
    fclose(page.file);
    server_answer_text(exchange, 200, "text/plain; version=0.0.4", page.text, page.size);
}
