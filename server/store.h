/* store.h - jobs, results and idempotency keys in a SQLite file. What was written is there after
 * the program or the machine ended at any point.
 * SPDX-License-Identifier: MIT
 *
 *   queued -> running -> succeeded | failed
 *      +---------+-----> canceled
 *
 * A running job of a program that ended is queued again when the store is opened. Any thread may
 * call. */
#ifndef SERVER_STORE_H
#define SERVER_STORE_H

#include "diarist/diarist.h"
#include "exchange.h"

struct server_store;

enum server_state {
    SERVER_QUEUED,
    SERVER_RUNNING,
    SERVER_SUCCEEDED,
    SERVER_FAILED,
    SERVER_CANCELED,
    SERVER_NUM_STATES
};
extern const char *const server_state_names[SERVER_NUM_STATES];

/* All texts belong to the job: server_job_clear. */
struct server_job {
    int64_t sequence; /* grows with each */
    char id[SERVER_ID_BYTES];
    int32_t state;
    char *name, *type, *sha256; /* of the recording: file name, content type, hash */
    int64_t num_bytes;
    char *options;                              /* JSON */
    double created_at, started_at, finished_at; /* 0: not yet */
    double audio_s;                             /* 0: not known yet */
    int32_t problem_status;                     /* of one that failed: an HTTP status, */
    char *problem;                              /* and why */
    int64_t revision; /* of the result: 1, and grows each time that a client changes it */
};
void server_job_clear(struct server_job *job);

/* What became of a call. */
enum server_stored {
    SERVER_STORED = 0,
    SERVER_NOT_THERE = 1,
    SERVER_OTHER_STATE = 2, /* the job is not in a state for it */
    SERVER_QUEUE_FULL = 3,
    SERVER_KEY_USED = 4, /* the idempotency key belongs to another request */
    SERVER_STORE_FULL = 5,
    SERVER_STORE_FAILED = 6 /* it is in the log */
};

int server_store_open(struct server_store **out, const char *path, diarist_error *err);
void server_store_close(struct server_store *store);

/* Adds a queued job, of which id, name, type, sha256, num_bytes and options are read. With a key
 * (or NULL) that was used before: SERVER_STORED when the fingerprint is the same, and job becomes
 * that of the first time; *added says whether it is new. */
enum server_stored server_store_add(struct server_store *store, struct server_job *job,
                                    const char *key, const char *fingerprint, int32_t max_queue,
                                    bool *added);
enum server_stored server_store_get(struct server_store *store, const char *id,
                                    struct server_job *job);
/* Newest first, those before the sequence number `before` (0: all); at most max. */
enum server_stored server_store_list(struct server_store *store, int64_t before,
                                     struct server_job *jobs, size_t max, size_t *num);
/* The oldest queued job becomes running, of those first that have been begun least often.
 * SERVER_NOT_THERE: none is queued. One that was begun 50 times without an end becomes failed. */
enum server_stored server_store_take(struct server_store *store, struct server_job *job);
/* A running job's end; SERVER_OTHER_STATE: it was canceled meanwhile. evidence: num_bytes of what
 * diarist_result_evidence gives, or none. */
enum server_stored server_store_succeed(struct server_store *store, const char *id, double audio_s,
                                        const char *document, const void *evidence,
                                        size_t num_bytes);
enum server_stored server_store_fail(struct server_store *store, const char *id, int32_t status,
                                     const char *why);
/* A running job goes back to the queue, as if it had not been begun. */
enum server_stored server_store_put_back(struct server_store *store, const char *id);
/* Of a queued or running one. */
enum server_stored server_store_cancel(struct server_store *store, const char *id);
/* Of one that has ended: with its result and its idempotency key. */
enum server_stored server_store_delete(struct server_store *store, const char *id);
/* The job that ended first, before that time. SERVER_NOT_THERE: none. */
enum server_stored server_store_find_ended(struct server_store *store, double before,
                                           char id[SERVER_ID_BYTES]);

/* store_edits.c */
/* The result of a succeeded job as it is now, or as it was first, as diarist JSON, to be freed. */
enum server_stored server_store_result(struct server_store *store, const char *id, char **document);
enum server_stored server_store_original(struct server_store *store, const char *id,
                                         char **document);
/* *evidence: num_bytes that are to be freed. SERVER_NOT_THERE: none was kept. */
enum server_stored server_store_evidence(struct server_store *store, const char *id,
                                         void **evidence, size_t *num_bytes);
/* Replaces the result of revision number `revision`, which becomes the next one; NULL: by what it
 * was first. SERVER_OTHER_STATE: it has another revision. */
enum server_stored server_store_revise(struct server_store *store, const char *id, int64_t revision,
                                       const char *document);

/* How many jobs are in each state. */
enum server_stored server_store_count(struct server_store *store,
                                      int64_t counts[SERVER_NUM_STATES]);
/* Whether a job of that id is there. On failure true. */
bool server_store_has(struct server_store *store, const char *id);

#endif
