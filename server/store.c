/* store.c - jobs, results and idempotency keys in a SQLite file.
 * SPDX-License-Identifier: MIT
 *
 * One connection, one lock: a call is one transaction. */
#include "store.h"

#include "clock.h"
#include "store_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A job that ends the program each time must not do so for ever; one that was merely running when
 * something else did must not be lost. */
enum { MAX_ATTEMPTS = 50 };

const char *const server_state_names[SERVER_NUM_STATES] = {"queued", "running", "succeeded",
                                                           "failed", "canceled"};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS jobs(sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT UNIQUE NOT NULL, state INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,"
    " sha256 TEXT NOT NULL, num_bytes INTEGER NOT NULL, options TEXT NOT NULL,"
    " created_at REAL NOT NULL, started_at REAL NOT NULL DEFAULT 0,"
    " finished_at REAL NOT NULL DEFAULT 0, audio_s REAL NOT NULL DEFAULT 0,"
    " problem_status INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT '',"
    " attempts INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs(state, attempts, sequence);"
    "CREATE INDEX IF NOT EXISTS jobs_by_end ON jobs(finished_at) WHERE state > 1;"
    "CREATE TABLE IF NOT EXISTS results(id TEXT PRIMARY KEY NOT NULL, document TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS idempotency_keys(key TEXT PRIMARY KEY NOT NULL,"
    " fingerprint TEXT NOT NULL, id TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS idempotency_keys_by_id ON idempotency_keys(id);"
    /* Results that clients have changed (document NULL: and changed back). */
    "CREATE TABLE IF NOT EXISTS edits(id TEXT PRIMARY KEY NOT NULL, revision INTEGER NOT NULL,"
    " document TEXT);"
    "CREATE TABLE IF NOT EXISTS evidence(id TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL);"
    "PRAGMA user_version = 1;";

#define COLUMNS                                                                 \
    "sequence, id, state, name, type, sha256, num_bytes, options, created_at, " \
    "started_at, finished_at, audio_s, problem_status, problem, "               \
    "COALESCE((SELECT revision FROM edits WHERE edits.id = jobs.id), 1)"

void server_job_clear(struct server_job *job) {
    free(job->name);
    free(job->type);
    free(job->sha256);
    free(job->options);
    free(job->problem);
    *job = (struct server_job){0};
}

/* A job of COLUMNS. */
static enum server_stored read_job(sqlite3_stmt *statement, struct server_job *job) {
    *job = (struct server_job){.sequence = sqlite3_column_int64(statement, 0),
                               .state = sqlite3_column_int(statement, 2),
                               .name = server_sql_text(statement, 3),
                               .type = server_sql_text(statement, 4),
                               .sha256 = server_sql_text(statement, 5),
                               .num_bytes = sqlite3_column_int64(statement, 6),
                               .options = server_sql_text(statement, 7),
                               .created_at = sqlite3_column_double(statement, 8),
                               .started_at = sqlite3_column_double(statement, 9),
                               .finished_at = sqlite3_column_double(statement, 10),
                               .audio_s = sqlite3_column_double(statement, 11),
                               .problem_status = sqlite3_column_int(statement, 12),
                               .problem = server_sql_text(statement, 13),
                               .revision = sqlite3_column_int64(statement, 14)};
    snprintf(job->id, sizeof job->id, "%.32s", (const char *)sqlite3_column_text(statement, 1));
    if (job->name && job->type && job->sha256 && job->options && job->problem)
        return SERVER_STORED;
    server_job_clear(job);
    return SERVER_STORE_FAILED;
}

/* The first row of a statement as a job. */
static enum server_stored read_one(struct server_store *store, sqlite3_stmt *statement,
                                   struct server_job *job) {
    enum server_stored stored = server_sql_row(store, statement);
    if (!stored)
        stored = read_job(statement, job);
    sqlite3_finalize(statement);
    return stored;
}

static enum server_stored get(struct server_store *store, const char *id, struct server_job *job) {
    return read_one(
        store, server_sql_prepare(store, "SELECT " COLUMNS " FROM jobs WHERE id = ?1", "s", id),
        job);
}

/* ---- opening ---- */

static int fail_open(struct server_store *store, const char *path, diarist_error *err) {
    err->status = DIARIST_ERROR_OUTPUT;
    const bool busy = store->db && sqlite3_errcode(store->db) == SQLITE_BUSY;
    snprintf(err->message, sizeof err->message,
             "%.100s: cannot be used as the store: %.60s; %sgive another --data", path,
             store->db ? sqlite3_errmsg(store->db) : "out of memory",
             busy ? "end the program that uses it, or " : "");
    server_store_close(store);
    return err->status;
}

int server_store_open(struct server_store **out, const char *path, diarist_error *err) {
    struct server_store *store = calloc(1, sizeof *store);
    *out = NULL;
    if (!store) {
        *err = (diarist_error){DIARIST_ERROR_MEMORY, "out of memory"};
        return DIARIST_ERROR_MEMORY;
    }
    pthread_mutex_init(&store->lock, NULL);
    if (sqlite3_open_v2(path, &store->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) ||
        sqlite3_busy_timeout(store->db, 500) ||
        /* Of two programs on one store both would begin the same jobs. */
        sqlite3_exec(store->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL) ||
        sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) ||
        sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL) ||
        sqlite3_exec(store->db, schema, NULL, NULL, NULL) ||
        sqlite3_exec(store->db, "UPDATE jobs SET state = 0, started_at = 0 WHERE state = 1", NULL,
                     NULL, NULL))
        return fail_open(store, path, err);
    *out = store;
    return DIARIST_OK;
}

void server_store_close(struct server_store *store) {
    if (!store)
        return;
    sqlite3_close(store->db);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

/* ---- jobs ---- */

/* The job that a key belongs to. SERVER_NOT_THERE: to none. */
static enum server_stored find_key(struct server_store *store, const char *key,
                                   const char *fingerprint, struct server_job *job) {
    char id[SERVER_ID_BYTES] = "";
    bool same = false;
    sqlite3_stmt *statement = server_sql_prepare(
        store, "SELECT id, fingerprint FROM idempotency_keys WHERE key = ?1", "s", key);
    enum server_stored stored = server_sql_row(store, statement);
    if (!stored) {
        snprintf(id, sizeof id, "%.32s", (const char *)sqlite3_column_text(statement, 0));
        same = !strcmp((const char *)sqlite3_column_text(statement, 1), fingerprint);
    }
    sqlite3_finalize(statement);
    if (stored)
        return stored;
    if (!same)
        return SERVER_KEY_USED;
    struct server_job first;
    stored = get(store, id, &first);
    if (!stored) {
        server_job_clear(job);
        *job = first;
    }
    return stored;
}

static enum server_stored insert(struct server_store *store, const struct server_job *job,
                                 const char *key, const char *fingerprint) {
    enum server_stored stored = server_sql_finish(
        store,
        server_sql_prepare(store,
                           "INSERT INTO jobs(id, state, name, type, sha256, num_bytes, options, "
                           "created_at) VALUES(?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)",
                           "ssssisd", job->id, job->name, job->type, job->sha256, job->num_bytes,
                           job->options, server_clock()));
    if (!stored && key)
        stored = server_sql_finish(
            store, server_sql_prepare(store, "INSERT INTO idempotency_keys VALUES(?1, ?2, ?3)",
                                      "sss", key, fingerprint, job->id));
    return stored;
}

enum server_stored server_store_add(struct server_store *store, struct server_job *job,
                                    const char *key, const char *fingerprint, int32_t max_queue,
                                    bool *added) {
    int64_t active;
    *added = false;
    server_sql_begin(store);
    enum server_stored stored = key ? find_key(store, key, fingerprint, job) : SERVER_NOT_THERE;
    if (stored == SERVER_NOT_THERE) {
        /* Not of those that have ended, of which there may be very many. */
        stored =
            server_sql_number(store, "SELECT COUNT(*) FROM jobs WHERE state IN (0, 1)", &active);
        if (!stored && active >= max_queue)
            stored = SERVER_QUEUE_FULL;
        if (!stored)
            stored = insert(store, job, key, fingerprint);
        *added = !stored;
    }
    stored = server_sql_end(store, stored);
    *added &= !stored;
    return stored;
}

enum server_stored server_store_get(struct server_store *store, const char *id,
                                    struct server_job *job) {
    pthread_mutex_lock(&store->lock);
    enum server_stored stored = get(store, id, job);
    pthread_mutex_unlock(&store->lock);
    return stored;
}

bool server_store_has(struct server_store *store, const char *id) {
    struct server_job job = {0};
    enum server_stored stored = server_store_get(store, id, &job);
    server_job_clear(&job);
    return stored != SERVER_NOT_THERE;
}

enum server_stored server_store_list(struct server_store *store, int64_t before,
                                     struct server_job *jobs, size_t max, size_t *num) {
    pthread_mutex_lock(&store->lock);
    enum server_stored stored = SERVER_STORED;
    int rc = SQLITE_ERROR;
    *num = 0;
    sqlite3_stmt *statement =
        server_sql_prepare(store,
                           "SELECT " COLUMNS " FROM jobs WHERE ?1 = 0 OR sequence < ?1 "
                           "ORDER BY sequence DESC LIMIT ?2",
                           "ii", before, (int64_t)max);
    while (!stored && statement && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        stored = read_job(statement, &jobs[*num]);
        *num += !stored;
    }
    if (!stored && rc != SQLITE_DONE)
        stored = server_sql_failed(store);
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&store->lock);
    return stored;
}

/* One that ended the program each time would do so for ever. */
static enum server_stored give_up(struct server_store *store) {
    return server_sql_finish(
        store,
        server_sql_prepare(store,
                           "UPDATE jobs SET state = 3, finished_at = ?1, problem_status = "
                           "500, problem = 'the service ended several times while working on "
                           "it' WHERE state = 0 AND attempts >= ?2",
                           "di", server_clock(), (int64_t)MAX_ATTEMPTS));
}

enum server_stored server_store_take(struct server_store *store, struct server_job *job) {
    server_sql_begin(store);
    enum server_stored stored = give_up(store);
    if (!stored)
        stored = read_one(store,
                          server_sql_prepare(store,
                                             "SELECT " COLUMNS " FROM jobs WHERE state = 0 "
                                             "ORDER BY attempts, sequence LIMIT 1",
                                             ""),
                          job);
    bool taken = !stored;
    if (taken)
        stored = server_sql_finish_change(
            store, server_sql_prepare(store,
                                      "UPDATE jobs SET state = 1, attempts = attempts + 1, "
                                      "started_at = ?2 WHERE id = ?1",
                                      "sd", job->id, server_clock()));
    /* Those that were given up are kept too. */
    enum server_stored kept =
        server_sql_end(store, stored == SERVER_NOT_THERE ? SERVER_STORED : stored);
    if (taken && kept)
        server_job_clear(job);
    return kept ? kept : stored;
}

static enum server_stored insert_evidence(struct server_store *store, const char *id,
                                          const void *evidence, size_t num_bytes) {
    sqlite3_stmt *statement =
        server_sql_prepare(store, "INSERT INTO evidence VALUES(?1, ?2)", "s", id);
    if (statement)
        sqlite3_bind_blob64(statement, 2, evidence, num_bytes, SQLITE_STATIC);
    return server_sql_finish(store, statement);
}

enum server_stored server_store_succeed(struct server_store *store, const char *id, double audio_s,
                                        const char *document, const void *evidence,
                                        size_t num_bytes) {
    server_sql_begin(store);
    enum server_stored stored = server_sql_finish_change(
        store, server_sql_prepare(store,
                                  "UPDATE jobs SET state = 2, finished_at = ?2, audio_s = ?3 "
                                  "WHERE id = ?1 AND state = 1",
                                  "sdd", id, server_clock(), audio_s));
    if (!stored)
        stored =
            server_sql_finish(store, server_sql_prepare(store, "INSERT INTO results VALUES(?1, ?2)",
                                                        "ss", id, document));
    if (!stored && num_bytes)
        stored = insert_evidence(store, id, evidence, num_bytes);
    return server_sql_end(store, stored);
}

enum server_stored server_store_fail(struct server_store *store, const char *id, int32_t status,
                                     const char *why) {
    return server_sql_change(store,
                             "UPDATE jobs SET state = 3, finished_at = ?2, problem_status = ?3, "
                             "problem = ?4 WHERE id = ?1 AND state = 1",
                             "sdis", id, server_clock(), (int64_t)status, why);
}

enum server_stored server_store_put_back(struct server_store *store, const char *id) {
    return server_sql_change(store,
                             "UPDATE jobs SET state = 0, started_at = 0, attempts = attempts - 1 "
                             "WHERE id = ?1 AND state = 1",
                             "s", id);
}

enum server_stored server_store_cancel(struct server_store *store, const char *id) {
    return server_sql_change(
        store, "UPDATE jobs SET state = 4, finished_at = ?2 WHERE id = ?1 AND state IN (0, 1)",
        "sd", id, server_clock());
}

enum server_stored server_store_delete(struct server_store *store, const char *id) {
    static const char *const others[] = {
        "DELETE FROM results WHERE id = ?1", "DELETE FROM edits WHERE id = ?1",
        "DELETE FROM evidence WHERE id = ?1", "DELETE FROM idempotency_keys WHERE id = ?1"};
    server_sql_begin(store);
    enum server_stored stored = server_sql_finish_change(
        store, server_sql_prepare(store, "DELETE FROM jobs WHERE id = ?1 AND state NOT IN (0, 1)",
                                  "s", id));
    for (size_t i = 0; i < sizeof others / sizeof *others && !stored; i++)
        stored = server_sql_finish(store, server_sql_prepare(store, others[i], "s", id));
    return server_sql_end(store, stored);
}

enum server_stored server_store_find_ended(struct server_store *store, double before,
                                           char id[SERVER_ID_BYTES]) {
    pthread_mutex_lock(&store->lock);
    sqlite3_stmt *statement =
        server_sql_prepare(store,
                           "SELECT id FROM jobs WHERE state > 1 AND finished_at < ?1 "
                           "ORDER BY finished_at LIMIT 1",
                           "d", before);
    enum server_stored stored = server_sql_row(store, statement);
    if (!stored)
        snprintf(id, SERVER_ID_BYTES, "%.32s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    pthread_mutex_unlock(&store->lock);
    return stored;
}

enum server_stored server_store_count(struct server_store *store,
                                      int64_t counts[SERVER_NUM_STATES]) {
    pthread_mutex_lock(&store->lock);
    enum server_stored stored = server_sql_states(
        store, "SELECT state, COUNT(*) FROM jobs GROUP BY state", counts, SERVER_NUM_STATES);
    pthread_mutex_unlock(&store->lock);
    return stored;
}
