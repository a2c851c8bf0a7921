/* routes.c - the one table of routes.
 * SPDX-License-Identifier: MIT */
#include "routes.h"

#include <stdio.h>
#include <string.h>

/* Method, path, handler; then what is not 0. tests/server/openapi.py wants .answers of each. */
static const struct server_route routes[] = {
    {"GET", "/healthz", server_healthz, .open = true, .summary = "whether the service runs",
     .answers = "200 Health"},
    {"GET", "/readyz", server_readyz, .open = true,
     .summary = "whether it takes jobs, and what it computes with",
     .answers = "200 Readiness, 503 Readiness"},
    {"GET", "/metrics", server_metrics, .summary = "figures for Prometheus",
     .answers = "200 Metrics"},
    {"GET", "/openapi.json", server_openapi, .open = true, .summary = "this document",
     .answers = "200 Document"},
    {"GET", "/v1/diarizations", server_job_list, .summary = "jobs, newest first",
     .parameters = "limit cursor", .answers = "200 JobList"},
    {"POST", "/v1/diarizations", server_job_create, SERVER_BODY_UPLOAD,
     .summary = "a recording to be diarized", .request = "Recording",
     .parameters = "options wait format exclusive embeddings timing colors filename "
                   "idempotency_key",
     .answers = "200 Result, 202 AcceptedJob, 409, 415, 422, 429, 507"},
    {"GET", "/v1/diarizations/{id}", server_job_get, .summary = "a job", .answers = "200 Job"},
    {"DELETE", "/v1/diarizations/{id}", server_job_remove,
     .summary = "cancels a job, or deletes one that has ended", .answers = "200 Job, 204, 409"},
    {"GET", "/v1/diarizations/{id}/result", server_job_result,
     .summary = "who spoke when, in any format",
     .parameters = "format exclusive embeddings timing colors", .answers = "200 Result, 409"},
    {"PATCH", "/v1/diarizations/{id}/speakers", server_job_speakers, SERVER_BODY_JSON,
     .summary = "renames, merges, splits or finds again the speakers of a result",
     .parameters = "format exclusive embeddings timing colors if_match",
     .request = "SpeakersChange", .answers = "200 Result, 409, 412, 415, 422"},
    {"GET", "/v1/diarizations/{id}/audio", server_job_recording,
     .summary = "the recording as it was sent", .parameters = "range",
     .answers = "200 Audio, 206 Audio, 416"},
    {"GET", "/v1/diarizations/{id}/events", server_job_events,
     .summary = "server-sent events: the job each time it changes", .answers = "200 JobEvents"},
    {"POST", "/v2/embedding", server_embedding, SERVER_BODY_UPLOAD, .computes = true,
     .summary = "the embedding of a recording's voice", .request = "Voice",
     .parameters = "filename", .answers = "200 Embedding, 415, 422, 429, 502, 507"},
    {"POST", "/v1/assign", server_assign, SERVER_BODY_TRANSCRIPT, .computes = true,
     .summary = "who says each segment of a transcript", .request = "Transcript",
     .parameters = "diarization threshold",
     .answers = "200 AssignedTranscript, 404, 409, 415, 422, 429, 502, 507"},
    {"GET", "/v1/speakers", server_speaker_list, .summary = "known speakers",
     .answers = "200 SpeakerList"},
    {"POST", "/v1/speakers", server_speaker_add, SERVER_BODY_JSON,
     .summary = "makes a speaker known", .request = "NewSpeaker",
     .answers = "200 Speaker, 201 Speaker, 404, 409, 415, 422, 507"},
    {"GET", "/v1/speakers/{id}", server_speaker_get, .summary = "a known speaker's profile",
     .answers = "200 Profile"},
    {"DELETE", "/v1/speakers/{id}", server_speaker_remove, .summary = "forgets a known speaker",
     .answers = "204"},
    {"POST", "/v1/jobs", server_bench_create, SERVER_BODY_JSON, .summary = "a benchmark to be run",
     .request = "BenchmarkSpec", .answers = "202 AcceptedBenchmark, 404, 415, 422, 429, 507"},
    {"GET", "/v1/jobs/{id}", server_bench_look, .summary = "how far a benchmark is",
     .answers = "200 Benchmark"},
    {"GET", "/v1/jobs/{id}/report", server_bench_report_get, .summary = "a benchmark's report",
     .answers = "200 BenchmarkReport, 409"},
    {"GET", "/v1/reports", server_bench_report_list, .summary = "reports, newest first",
     .parameters = "limit offset", .answers = "200 BenchmarkReportList, 404"},
    {"GET", "/v1/datasets", server_bench_dataset_list,
     .summary = "the datasets that benchmarks may name", .answers = "200 DatasetList, 404"},
    {"GET", "/v1/live", server_live_plain,
     .summary = "a WebSocket: audio in, who speaks out (docs/asyncapi.json)",
     .parameters = "stream seq live_format live_rate latency live_max_speakers live_threshold "
                   "live_preset stats",
     .answers = "101, 422, 426, 429"},
};
enum { NUM_ROUTES = sizeof routes / sizeof *routes };

const struct server_route *server_route_at(size_t i) {
    return i < NUM_ROUTES ? &routes[i] : NULL;
}

/* Whether path is of a route's form; what stands for {id} goes into item. */
static bool matches(const char *form, const char *path, char *item, size_t room) {
    const char *open = strstr(form, "{id}");
    size_t n = open ? (size_t)(open - form) : strlen(form);
    if (strncmp(form, path, n))
        return false;
    if (!open)
        return !path[n];
    size_t length = strcspn(path + n, "/");
    if (!length || length >= room || strcmp(path + n + length, open + 4))
        return false;
    snprintf(item, room, "%.*s", (int)length, path + n);
    return true;
}

const struct server_route *server_route_find(struct server_exchange *exchange) {
    const char *method = !strcmp(exchange->method, "HEAD") ? "GET" : exchange->method;
    for (size_t i = 0; i < NUM_ROUTES; i++)
        if (!strcmp(routes[i].method, method) &&
            matches(routes[i].path, exchange->path, exchange->item, sizeof exchange->item))
            return &routes[i];
    return NULL;
}

void server_route_methods(const char *path, char *out, size_t room) {
    char item[64];
    size_t used = 0;
    *out = 0;
    for (size_t i = 0; i < NUM_ROUTES && used < room; i++)
        if (matches(routes[i].path, path, item, sizeof item))
            used += (size_t)snprintf(out + used, room - used, "%s%s%s", used ? ", " : "",
                                     routes[i].method,
                                     !strcmp(routes[i].method, "GET") ? ", HEAD" : "");
}
