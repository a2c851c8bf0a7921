/* job_result.c - who spoke when, in any format; the recording.
 * SPDX-License-Identifier: MIT */
#include "job_result.h"

#include "answer.h"
#include "job_json.h"
#include "log.h"
#include "parameters.h"
#include "routes.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the result ---- */

/* The one asked for, which has been checked. */
static const diarist_format *find_format(const struct server_exchange *exchange) {
    const char *name = server_fields_get(&exchange->fields, "format");
    const diarist_format *format;
    for (size_t i = 0; (format = diarist_document_format(i)); i++)
        if (format->can_write && !strcmp(format->name, name ? name : "json"))
            return format;
    return NULL;
}

static const char *content_type(const char *extension) {
    size_t n = strlen(extension);
    if (n >= 5 && !strcmp(extension + n - 5, ".json"))
        return "application/json";
    if (!strcmp(extension, ".jsonl"))
        return "application/x-ndjson";
    if (!strcmp(extension, ".csv"))
        return "text/csv; charset=utf-8";
    if (!strcmp(extension, ".vtt"))
        return "text/vtt; charset=utf-8";
    return "text/plain; charset=utf-8";
}

static int write_result(struct server *server, struct server_exchange *exchange, const char *json,
                        diarist_error *err) {
    const diarist_format *format = find_format(exchange);
    diarist_document *document;
    diarist_write_options options;
    char *text = NULL;
    size_t size = 0;
    diarist_write_options_init(&options);
    options.view =
        server_parameter_flag(exchange, "exclusive") ? DIARIST_EXCLUSIVE : DIARIST_OVERLAPPING;
    options.embeddings = server_parameter_flag(exchange, "embeddings");
    options.timing = server_parameter_flag(exchange, "timing");
    options.colors = server_parameter_flag(exchange, "colors");
    int rc = server_scratch_read(&document, json, server->scratch, err);
    if (!rc)
        rc = server_scratch_write(&text, &size, document, format->name, &options, server->scratch,
                                  err);
    diarist_document_free(document);
    if (!rc)
        server_answer_text(exchange, 200, content_type(format->extension), text, size);
    return rc;
}

void server_answer_result(struct server *server, struct server_exchange *exchange,
                          const struct server_job *job) {
    diarist_error err = {0};
    char *json = NULL;
    enum server_stored stored = server_store_result(server->store, job->id, &json);
    if (stored) {
        server_answer_unstored(exchange, stored);
    } else if (write_result(server, exchange, json, &err)) {
        server_log("error", "result", "{s:s,s:s}", "job", job->id, "message", err.message);
        server_answer_problem(exchange, 500, "the result cannot be written");
    } else {
        exchange->answer.revision = job->revision;
    }
    free(json);
}

void server_job_result(struct server *server, struct server_exchange *exchange) {
    struct server_job job = {0};
    if (server_job_find(server, exchange, exchange->item, &job))
        return;
    if (job.state == SERVER_SUCCEEDED)
        server_answer_result(server, exchange, &job);
    else
        server_answer_problem(exchange, 409, "the diarization is %s, so it has no result",
                              server_state_names[job.state]);
    server_job_clear(&job);
}

int server_result_read(diarist_document **out, struct server *server,
                       struct server_exchange *exchange, const char *id) {
    struct server_job job = {0};
    diarist_error err = {0};
    char *json = NULL;
    *out = NULL;
    if (server_job_find(server, exchange, id, &job))
        return -1;
    int32_t state = job.state;
    server_job_clear(&job);
    enum server_stored stored = SERVER_STORED;
    if (state == SERVER_SUCCEEDED)
        stored = server_store_result(server->store, id, &json);
    if (state != SERVER_SUCCEEDED)
        server_answer_problem(exchange, 409, "the diarization is %s, so it has no result",
                              server_state_names[state]);
    else if (stored)
        server_answer_unstored(exchange, stored);
    else if (server_scratch_read(out, json, server->scratch, &err))
        server_answer_problem(exchange, 500, "the result cannot be read");
    free(json);
    return *out ? 0 : -1;
}

/* ---- the recording ---- */

/* "bytes=a-b", "bytes=a-", "bytes=-n" within size bytes. 0; 1: to be ignored (several ranges, other
 * units); -1: nothing of it is there. */
static int parse_range(const char *range, uint64_t size, uint64_t *offset, uint64_t *length) {
    unsigned long long first = 0, last = size - 1;
    if (strncmp(range, "bytes=", 6) || strchr(range, ','))
        return 1;
    const char *text = range + 6;
    size_t digits = strspn(text, "0123456789"), more;
    if (text[digits] != '-' || digits > 18)
        return 1;
    more = strspn(text + digits + 1, "0123456789");
    if (text[digits + 1 + more] || more > 18 || digits + more == 0)
        return 1;
    if (digits)
        first = strtoull(text, NULL, 10);
    if (more)
        last = strtoull(text + digits + 1, NULL, 10);
    if (!digits) {
        if (last == 0)
            return -1;
        first = last < size ? size - last : 0;
        last = size - 1;
    } else if (more && last < first) {
        return 1;
    }
    if (first >= size)
        return -1;
    if (last >= size)
        last = size - 1;
    *offset = first;
    *length = last - first + 1;
    return 0;
}

/* What a browser may play; anything else a client said is not passed on. */
static const char *recording_type(const char *name) {
    static const char *const types[][2] = {{".wav", "audio/wav"},   {".mp3", "audio/mpeg"},
                                           {".flac", "audio/flac"}, {".ogg", "audio/ogg"},
                                           {".opus", "audio/ogg"},  {".m4a", "audio/mp4"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (!strcmp(dot, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

static void answer_file(struct server_exchange *exchange, int fd, uint64_t size, const char *type) {
    struct server_answer *answer = &exchange->answer;
    uint64_t offset = 0, length = size;
    int range = *exchange->range ? parse_range(exchange->range, size, &offset, &length) : 1;
    if (range < 0) {
        close(fd);
        server_answer_problem(exchange, 416, "the recording has %llu bytes",
                              (unsigned long long)size);
        answer->total = size;
        return;
    }
    *answer = (struct server_answer){.status = range ? 200 : 206,
                                     .type = type,
                                     .fd = fd,
                                     .offset = offset,
                                     .size = length,
                                     .total = size,
                                     .partial = !range};
}

void server_job_recording(struct server *server, struct server_exchange *exchange) {
    struct server_job job = {0};
    char path[SERVER_MAX_PATH + 80];
    struct stat st;
    if (server_job_find(server, exchange, exchange->item, &job))
        return;
    snprintf(path, sizeof path, "%s/%s", server->audio, job.id);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0) {
        answer_file(exchange, fd, (uint64_t)st.st_size, recording_type(job.name));
    } else {
        if (fd >= 0)
            close(fd);
        server_answer_problem(exchange, 500, "the recording cannot be read");
    }
    server_job_clear(&job);
}
