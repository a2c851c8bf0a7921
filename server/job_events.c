/* job_events.c - server-sent events: a job each time it changes, until it ends.
 * SPDX-License-Identifier: MIT */
#include "answer.h"
#include "job_json.h"
#include "routes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not every step of the engine is news. */
static void round_number(json_t *object, const char *name, double steps) {
    json_t *number = json_object_get(object, name);
    if (json_is_real(number))
        json_real_set(number, round(json_real_value(number) * steps) / steps);
}

/* "event: ...\ndata: ...\n\n" of a job; NULL: no memory. */
static char *event_text(struct server *server, const struct server_job *job) {
    json_t *object = server_job_json(server, job);
    round_number(object, "progress", 1e4);
    round_number(object, "eta", 10);
    char *data = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    const char *name = job->state > SERVER_RUNNING ? "end" : "progress";
    size_t room = data ? strlen(data) + 32 : 0;
    char *text = data ? malloc(room) : NULL;
    if (text)
        snprintf(text, room, "event: %s\ndata: %s\n\n", name, data);
    free(data);
    json_decref(object);
    return text;
}

void server_job_events(struct server *server, struct server_exchange *exchange) {
    struct server_job job = {0};
    if (server_job_find(server, exchange, exchange->item, &job))
        return;
    char *text = event_text(server, &job);
    bool news = text && (!exchange->last || strcmp(text, exchange->last));
    if (news) {
        free(exchange->last);
        exchange->last = strdup(text);
        server_answer_text(exchange, 200, "text/event-stream", text, strlen(text));
    } else {
        free(text);
        exchange->answer.status = 200;
        exchange->answer.type = "text/event-stream";
    }
    exchange->answer.watch = job.state == SERVER_QUEUED || job.state == SERVER_RUNNING;
    server_job_clear(&job);
}
