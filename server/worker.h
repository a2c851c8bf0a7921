/* worker.h - the thread that has jobs computed: from the store into the engine's queue, several at
 * a time, and back.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "gate.h"
#include "server.h"
#include "store.h"

struct server_worker;

/* Told, on a thread of the worker's, that jobs have gone on or ended. */
typedef void server_worker_changed(void *data);

/* folder: recordings, by the jobs' ids; scratch: where results are made; gate: it works inside. All
 * must outlive it. */
int server_worker_start(struct server_worker **out, struct server_store *store,
                        const struct server_settings *settings, const char *folder,
                        const char *scratch, struct server_gate *gate,
                        server_worker_changed *changed, void *data, diarist_error *err);
/* A job was added. */
void server_worker_wake(struct server_worker *worker);
/* That job was canceled: it is given up if it is being worked on. */
void server_worker_cancel(struct server_worker *worker, const char *id);
/* 0 to 1, and seconds that the rest will take (below 0: not known), of a job being worked on.
 * false: it is not. */
bool server_worker_progress(struct server_worker *worker, const char *id, double *done,
                            double *eta_s);
/* Takes no more jobs; returns whether one is still being worked on. */
bool server_worker_drain(struct server_worker *worker);
/* What was worked on goes back to the queue. */
void server_worker_stop(struct server_worker *worker);

/* Since it began. */
struct server_worker_totals {
    double audio_s, work_s; /* seconds of audio diarized; of wall time that each job took, added */
    uint64_t expired;       /* jobs that were deleted for their age */
};
void server_worker_total(struct server_worker *worker, struct server_worker_totals *out);

#endif
