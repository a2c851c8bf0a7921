/* bench_store.h - benchmarks in the store: jobs, reports and their items.
 * SPDX-License-Identifier: MIT
 *
 *   queued -> running -> completed | failed
 *
 * A running one of a program that ended is queued again when the store is opened; what it had found
 * is in the folder of its run. Any thread may call. */
#ifndef SERVER_BENCH_STORE_H
#define SERVER_BENCH_STORE_H

#include "store.h"

#include <jansson.h>
#include <stdio.h>

enum server_bench_state {
    SERVER_BENCH_QUEUED,
    SERVER_BENCH_RUNNING,
    SERVER_BENCH_COMPLETED,
    SERVER_BENCH_FAILED,
    SERVER_BENCH_NUM_STATES
};
extern const char *const server_bench_state_names[SERVER_BENCH_NUM_STATES];

/* All but id belongs to the job: server_bench_job_clear. */
struct server_bench_job {
    char id[SERVER_ID_BYTES];
    int32_t state;
    char *spec;                                 /* JSON, as it was sent but for metadata */
    json_t *resolved;                           /* with every default filled in */
    json_t *metadata;                           /* the client's own */
    double created_at, started_at, finished_at; /* 0: not yet */
    char *problem;                              /* why it failed without a report; "": it did not */
    bool has_report;
};
void server_bench_job_clear(struct server_bench_job *job);

/* Makes the tables where they are not there. */
int server_bench_store_open(struct server_store *store, diarist_error *err);

/* Adds a queued job, of which id, spec, resolved and metadata are read. */
enum server_stored server_bench_add(struct server_store *store, const struct server_bench_job *job,
                                    int32_t max_queue);
enum server_stored server_bench_get(struct server_store *store, const char *id,
                                    struct server_bench_job *job);
/* The oldest queued job becomes running. SERVER_NOT_THERE: none is queued. */
enum server_stored server_bench_take(struct server_store *store, struct server_bench_job *job);
/* A running job goes back to the queue. */
enum server_stored server_bench_put_back(struct server_store *store, const char *id);
/* A running job's end: with its report, of which the items have a table of their own; or without,
 * for a reason. */
enum server_stored server_bench_finish(struct server_store *store, const char *id,
                                       const json_t *report);
enum server_stored server_bench_fail(struct server_store *store, const char *id, const char *why);

/* How many jobs are in each state. */
enum server_stored server_bench_count(struct server_store *store,
                                      int64_t counts[SERVER_BENCH_NUM_STATES]);

/* Writes the whole report as JSON. */
enum server_stored server_bench_report(struct server_store *store, const char *id, FILE *out);
/* Reports from the offset-th newest on, at most max: {"job_id","report_key","created_at","status",
 * "dataset_id","spec"} each in *list, spec being the resolved one; *count is of all that there are.
 */
enum server_stored server_bench_reports(struct server_store *store, int64_t offset, int64_t max,
                                        json_t **list, int64_t *count);

/* The text of a member of a report or an event; "": it has none. */
const char *server_bench_text(const json_t *object, const char *key);

#endif
