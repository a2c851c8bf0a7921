/* bench_store.c - benchmarks in the store.
 * SPDX-License-Identifier: MIT */
#include "bench_store.h"

#include "clock.h"
#include "store_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const server_bench_state_names[SERVER_BENCH_NUM_STATES] = {"queued", "running",
                                                                       "completed", "failed"};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS bench_jobs(sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT UNIQUE NOT NULL, state INTEGER NOT NULL, spec TEXT NOT NULL, resolved TEXT NOT NULL,"
    " metadata TEXT NOT NULL, created_at REAL NOT NULL, started_at REAL NOT NULL DEFAULT 0,"
    " finished_at REAL NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX IF NOT EXISTS bench_jobs_by_state ON bench_jobs(state, sequence);"
    "CREATE TABLE IF NOT EXISTS bench_reports(sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT UNIQUE NOT NULL, created_at TEXT NOT NULL, status TEXT NOT NULL,"
    " dataset_id TEXT NOT NULL, document TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS bench_items(id TEXT NOT NULL, number INTEGER NOT NULL,"
    " system_id TEXT NOT NULL, run_index INTEGER NOT NULL, file_id TEXT NOT NULL,"
    " status TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY(id, number)) WITHOUT ROWID;"
    "UPDATE bench_jobs SET state = 0 WHERE state = 1;";

#define COLUMNS                                                                           \
    "id, state, spec, resolved, metadata, created_at, started_at, finished_at, problem, " \
    "EXISTS(SELECT 1 FROM bench_reports WHERE bench_reports.id = bench_jobs.id)"

void server_bench_job_clear(struct server_bench_job *job) {
    free(job->spec);
    free(job->problem);
    json_decref(job->resolved);
    json_decref(job->metadata);
    *job = (struct server_bench_job){0};
}

int server_bench_store_open(struct server_store *store, diarist_error *err) {
    pthread_mutex_lock(&store->lock);
    int rc = sqlite3_exec(store->db, schema, NULL, NULL, NULL);
    err->status = rc ? DIARIST_ERROR_OUTPUT : DIARIST_OK;
    if (rc)
        snprintf(err->message, sizeof err->message,
                 "the store cannot keep benchmarks: %.100s; give another --data",
                 sqlite3_errmsg(store->db));
    pthread_mutex_unlock(&store->lock);
    return err->status;
}

/* ---- jobs ---- */

static json_t *json_of(sqlite3_stmt *statement, int column) {
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;
}

/* The first row of a statement, of COLUMNS, as a job. */
static enum server_stored read_one(struct server_store *store, sqlite3_stmt *statement,
                                   struct server_bench_job *job) {
    enum server_stored stored = server_sql_row(store, statement);
    if (!stored) {
        *job = (struct server_bench_job){.state = sqlite3_column_int(statement, 1),
                                         .spec = server_sql_text(statement, 2),
                                         .resolved = json_of(statement, 3),
                                         .metadata = json_of(statement, 4),
                                         .created_at = sqlite3_column_double(statement, 5),
                                         .started_at = sqlite3_column_double(statement, 6),
                                         .finished_at = sqlite3_column_double(statement, 7),
                                         .problem = server_sql_text(statement, 8),
                                         .has_report = sqlite3_column_int(statement, 9)};
        snprintf(job->id, sizeof job->id, "%.32s", (const char *)sqlite3_column_text(statement, 0));
        if (!job->spec || !job->resolved || !job->metadata || !job->problem) {
            server_bench_job_clear(job);
            stored = SERVER_STORE_FAILED;
        }
    }
    sqlite3_finalize(statement);
    return stored;
}

enum server_stored server_bench_add(struct server_store *store, const struct server_bench_job *job,
                                    int32_t max_queue) {
    char *resolved = json_dumps(job->resolved, JSON_COMPACT);
    char *metadata = json_dumps(job->metadata, JSON_COMPACT);
    enum server_stored stored = SERVER_STORE_FAILED;
    int64_t num = 0;
    if (resolved && metadata) {
        server_sql_begin(store);
        stored =
            server_sql_number(store, "SELECT COUNT(*) FROM bench_jobs WHERE state IN (0, 1)", &num);
        if (!stored && num >= max_queue)
            stored = SERVER_QUEUE_FULL;
        if (!stored)
            stored = server_sql_finish(
                store, server_sql_prepare(store,
                                          "INSERT INTO bench_jobs(id, state, spec, resolved, "
                                          "metadata, created_at) VALUES(?1, 0, ?2, ?3, ?4, ?5)",
                                          "ssssd", job->id, job->spec, resolved, metadata,
                                          server_clock()));
        stored = server_sql_end(store, stored);
    }
    free(resolved);
    free(metadata);
    return stored;
}

enum server_stored server_bench_get(struct server_store *store, const char *id,
                                    struct server_bench_job *job) {
    pthread_mutex_lock(&store->lock);
    enum server_stored stored = read_one(
        store,
        server_sql_prepare(store, "SELECT " COLUMNS " FROM bench_jobs WHERE id = ?1", "s", id),
        job);
    pthread_mutex_unlock(&store->lock);
    return stored;
}

enum server_stored server_bench_take(struct server_store *store, struct server_bench_job *job) {
    server_sql_begin(store);
    enum server_stored stored =
        read_one(store,
                 server_sql_prepare(store,
                                    "SELECT " COLUMNS " FROM bench_jobs WHERE state = 0 "
                                    "ORDER BY sequence LIMIT 1",
                                    ""),
                 job);
    bool taken = !stored;
    /* One that goes on has begun before. */
    if (taken)
        stored = server_sql_finish_change(
            store, server_sql_prepare(store,
                                      "UPDATE bench_jobs SET state = 1, started_at = CASE "
                                      "started_at WHEN 0 THEN ?2 ELSE started_at END WHERE id = ?1",
                                      "sd", job->id, server_clock()));
    stored = server_sql_end(store, stored);
    if (taken && stored)
        server_bench_job_clear(job);
    return stored;
}

enum server_stored server_bench_put_back(struct server_store *store, const char *id) {
    return server_sql_change(store, "UPDATE bench_jobs SET state = 0 WHERE id = ?1 AND state = 1",
                             "s", id);
}

enum server_stored server_bench_count(struct server_store *store,
                                      int64_t counts[SERVER_BENCH_NUM_STATES]) {
    pthread_mutex_lock(&store->lock);
    enum server_stored stored =
        server_sql_states(store, "SELECT state, COUNT(*) FROM bench_jobs GROUP BY state", counts,
                          SERVER_BENCH_NUM_STATES);
    pthread_mutex_unlock(&store->lock);
    return stored;
}

static enum server_stored end_job(struct server_store *store, const char *id,
                                  enum server_bench_state state, const char *why) {
    return server_sql_finish_change(
        store, server_sql_prepare(store,
                                  "UPDATE bench_jobs SET state = ?2, finished_at = ?3, problem = "
                                  "?4 WHERE id = ?1 AND state = 1",
                                  "sids", id, (int64_t)state, server_clock(), why));
}

enum server_stored server_bench_fail(struct server_store *store, const char *id, const char *why) {
    server_sql_begin(store);
    return server_sql_end(store, end_job(store, id, SERVER_BENCH_FAILED, why));
}

/* ---- reports ---- */

const char *server_bench_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static enum server_stored add_item(struct server_store *store, const char *id, size_t number,
                                   const json_t *item) {
    char *text = json_dumps(item, JSON_COMPACT | JSON_REAL_PRECISION(15));
    enum server_stored stored = SERVER_STORE_FAILED;
    if (text)
        stored = server_sql_finish(
            store,
            server_sql_prepare(store, "INSERT INTO bench_items VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                               "sisisss", id, (int64_t)number, server_bench_text(item, "system_id"),
                               (int64_t)json_integer_value(json_object_get(item, "run_index")),
                               server_bench_text(item, "file_id"),
                               server_bench_text(item, "status"), text));
    free(text);
    return stored;
}

/* What is not in the table of items. */
static enum server_stored add_report(struct server_store *store, const char *id,
                                     const json_t *report) {
    json_t *summary = json_copy((json_t *)(uintptr_t)report);
    enum server_stored stored = SERVER_STORE_FAILED;
    json_object_del(summary, "items");
    char *text = summary ? json_dumps(summary, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    if (text)
        stored = server_sql_finish(
            store, server_sql_prepare(store,
                                      "INSERT INTO bench_reports(id, created_at, status, "
                                      "dataset_id, document) VALUES(?1, ?2, ?3, ?4, ?5)",
                                      "sssss", id, server_bench_text(report, "created_at"),
                                      server_bench_text(report, "status"),
                                      server_bench_text(report, "dataset_id"), text));
    free(text);
    json_decref(summary);
    return stored;
}

enum server_stored server_bench_finish(struct server_store *store, const char *id,
                                       const json_t *report) {
    const json_t *items = json_object_get(report, "items"), *item;
    bool completed = !strcmp(server_bench_text(report, "status"), "completed");
    size_t i;
    server_sql_begin(store);
    enum server_stored stored =
        end_job(store, id, completed ? SERVER_BENCH_COMPLETED : SERVER_BENCH_FAILED,
                completed ? "" : "no recording could be measured; the report's items say why");
    if (!stored)
        stored = add_report(store, id, report);
    json_array_foreach(items, i, item) if (!stored) stored = add_item(store, id, i, item);
    return server_sql_end(store, stored);
}

/* The items behind one another, with commas between them. */
static enum server_stored print_items(struct server_store *store, const char *id, FILE *out) {
    sqlite3_stmt *statement = server_sql_prepare(
        store, "SELECT document FROM bench_items WHERE id = ?1 ORDER BY number", "s", id);
    const char *comma = "";
    int rc = SQLITE_ERROR;
    while (statement && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        fprintf(out, "%s%s", comma, (const char *)sqlite3_column_text(statement, 0));
        comma = ",";
    }
    enum server_stored stored = rc == SQLITE_DONE ? SERVER_STORED : server_sql_failed(store);
    sqlite3_finalize(statement);
    return stored;
}

/* The report, whose last key the items become: there may be so many that reading them as JSON to
 * write them again would keep others waiting. */
static enum server_stored print_report(struct server_store *store, const char *id, FILE *out) {
    sqlite3_stmt *statement =
        server_sql_prepare(store, "SELECT document FROM bench_reports WHERE id = ?1", "s", id);
    enum server_stored stored = server_sql_row(store, statement);
    if (!stored) {
        const char *text = (const char *)sqlite3_column_text(statement, 0);
        fprintf(out, "%.*s,\"items\":[", sqlite3_column_bytes(statement, 0) - 1, text);
    }
    sqlite3_finalize(statement);
    if (!stored)
        stored = print_items(store, id, out);
    fprintf(out, "]}");
    return stored;
}

enum server_stored server_bench_report(struct server_store *store, const char *id, FILE *out) {
    pthread_mutex_lock(&store->lock);
    enum server_stored stored = print_report(store, id, out);
    pthread_mutex_unlock(&store->lock);
    return stored;
}

enum server_stored server_bench_reports(struct server_store *store, int64_t offset, int64_t max,
                                        json_t **list, int64_t *num) {
    *list = json_array();
    pthread_mutex_lock(&store->lock);
    enum server_stored stored = server_sql_number(store, "SELECT COUNT(*) FROM bench_reports", num);
    sqlite3_stmt *statement = server_sql_prepare(
        store,
        "SELECT bench_reports.id, bench_reports.created_at, status, dataset_id, resolved "
        "FROM bench_reports JOIN bench_jobs ON bench_jobs.id = bench_reports.id "
        "ORDER BY bench_reports.sequence DESC LIMIT ?1 OFFSET ?2",
        "ii", max, offset);
    int rc = SQLITE_ERROR;
    while (!stored && statement && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *id = (const char *)sqlite3_column_text(statement, 0);
        json_array_append_new(
            *list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:o}", "report_key", id, "job_id", id,
                             "created_at", (const char *)sqlite3_column_text(statement, 1),
                             "status", (const char *)sqlite3_column_text(statement, 2),
                             "dataset_id", (const char *)sqlite3_column_text(statement, 3), "spec",
                             json_of(statement, 4)));
    }
    if (!stored && rc != SQLITE_DONE)
        stored = server_sql_failed(store);
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&store->lock);
    if (stored)
        json_decref(*list);
    return stored;
}
