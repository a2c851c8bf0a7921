/* job_json.c - a job as clients see it.
 * SPDX-License-Identifier: MIT */
#include "job_json.h"

#include "answer.h"
#include "clock.h"

static void set_time(json_t *object, const char *name, double time) {
    char text[SERVER_TIME_SIZE];
    json_object_set_new(object, name,
                        time > 0 ? json_string(server_time_text(text, time)) : json_null());
}

json_t *server_job_json(struct server *server, const struct server_job *job) {
    double done = job->state == SERVER_SUCCEEDED, eta_s = -1;
    if (job->state == SERVER_RUNNING)
        server_worker_progress(server->worker, job->id, &done, &eta_s);
    json_t *object = json_pack("{s:s,s:s,s:f}", "id", job->id, "status",
                               server_state_names[job->state], "progress", done);
    if (!object)
        return NULL;
    json_object_set_new(
        object, "eta", job->state == SERVER_RUNNING && eta_s >= 0 ? json_real(eta_s) : json_null());
    set_time(object, "created_at", job->created_at);
    set_time(object, "started_at", job->started_at);
    set_time(object, "finished_at", job->finished_at);
    json_object_set_new(object, "audio",
                        json_pack("{s:s,s:I,s:s,s:o}", "file", job->name, "bytes",
                                  (json_int_t)job->num_bytes, "sha256", job->sha256, "duration",
                                  job->audio_s > 0 ? json_real(job->audio_s) : json_null()));
    json_object_set_new(object, "options", json_loads(job->options, 0, NULL));
    json_object_set_new(object, "revision",
                        job->state == SERVER_SUCCEEDED ? json_integer(job->revision) : json_null());
    if (job->state == SERVER_FAILED)
        json_object_set_new(object, "error",
                            json_pack("{s:s,s:s,s:i,s:s}", "type", "about:blank", "title",
                                      server_status_title(job->problem_status), "status",
                                      job->problem_status, "detail", job->problem));
    return object;
}

void server_answer_unstored(struct server_exchange *exchange, enum server_stored stored) {
    switch (stored) {
    case SERVER_NOT_THERE:
        server_answer_problem(exchange, 404, "there is no such diarization");
        return;
    case SERVER_OTHER_STATE:
        server_answer_problem(exchange, 409, "the diarization has changed meanwhile; try again");
        return;
    case SERVER_QUEUE_FULL:
        server_answer_problem(exchange, 429, "the queue is full; try again later");
        exchange->answer.retry_after_s = 10;
        return;
    case SERVER_KEY_USED:
        server_answer_problem(exchange, 422,
                              "the idempotency key belongs to another request; use a new one");
        return;
    case SERVER_STORE_FULL:
        server_answer_problem(exchange, 507, "there is no room in the store; try again later");
        return;
    default:
        server_answer_problem(exchange, 503, "the store cannot be used; try again later");
        exchange->answer.retry_after_s = 10;
    }
}

int server_job_find(struct server *server, struct server_exchange *exchange, const char *id,
                    struct server_job *job) {
    enum server_stored stored = server_store_get(server->store, id, job);
    if (stored)
        server_answer_unstored(exchange, stored);
    return stored ? -1 : 0;
}
