/* routes.c - the one table of routes.
 * SPDX-License-Identifier: MIT */
#include "routes.h"

#include <stdio.h>
#include <string.h>

static const struct server_route routes[] = {
    {"GET", "/healthz", server_healthz, SERVER_BODY_NONE, true, "whether the service runs"},
    {"GET", "/readyz", server_readyz, SERVER_BODY_NONE, true,
     "whether it takes jobs, and what it computes with"},
    {"GET", "/metrics", server_metrics, SERVER_BODY_NONE, false, "figures for Prometheus"},
    {"POST", "/v1/diarizations", server_job_create, SERVER_BODY_UPLOAD, false,
     "a recording to be diarized"},
    {"GET", "/v1/diarizations", server_job_list, SERVER_BODY_NONE, false, "jobs, newest first"},
    {"GET", "/v1/diarizations/{id}", server_job_get, SERVER_BODY_NONE, false, "a job"},
    {"DELETE", "/v1/diarizations/{id}", server_job_remove, SERVER_BODY_NONE, false,
     "cancels a job, or deletes one that has ended"},
    {"GET", "/v1/diarizations/{id}/result", server_job_result, SERVER_BODY_NONE, false,
     "who spoke when, in any format"},
    {"GET", "/v1/diarizations/{id}/audio", server_job_recording, SERVER_BODY_NONE, false,
     "the recording as it was sent"},
    {"GET", "/v1/diarizations/{id}/events", server_job_events, SERVER_BODY_NONE, false,
     "server-sent events: the job each time it changes"},
};

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

const struct server_route *server_route_find(struct server_exchange *exchange, const char **allow) {
    const char *method = !strcmp(exchange->method, "HEAD") ? "GET" : exchange->method;
    bool get = false, post = false, removal = false;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!matches(routes[i].path, exchange->path, exchange->item, sizeof exchange->item))
            continue;
        if (!strcmp(routes[i].method, method))
            return &routes[i];
        get |= !strcmp(routes[i].method, "GET");
        post |= !strcmp(routes[i].method, "POST");
        removal |= !strcmp(routes[i].method, "DELETE");
    }
    *allow = !get ? "" : post ? "GET, HEAD, POST" : removal ? "GET, HEAD, DELETE" : "GET, HEAD";
    return NULL;
}
