/* worker.h - the thread that computes: takes jobs from the store, one after another.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "gate.h"
#include "server.h"
#include "store.h"

struct server_worker;

/* Told, on the worker's thread, that a job has gone on or ended. */
typedef void server_worker_changed(void *data);

/* folder: recordings, by the jobs' ids; scratch: where results are made; gate: it works inside. All
 * must outlive it. */
int server_worker_start(struct server_worker **out, struct server_store *store,
                        const struct server_settings *settings, const char *folder,
                        const char *scratch, struct server_gate *gate,
                        server_worker_changed *changed, void *data, diarist_error *err);
/* A job was added. */
void server_worker_wake(struct server_worker *worker);
/* That job was canceled: it is given up if it is the one being worked on. */
void server_worker_cancel(struct server_worker *worker, const char *id);
/* 0 to 1, and seconds that the rest will take (below 0: not known), of the job being worked on.
 * false: it is another one, or none. */
bool server_worker_progress(struct server_worker *worker, const char *id, double *done,
                            double *eta_s);
/* Takes no more jobs; returns whether one is still being worked on. */
bool server_worker_drain(struct server_worker *worker);
/* What was worked on goes back to the queue. */
void server_worker_stop(struct server_worker *worker);
/* Seconds since it began: of audio diarized and of wall time that this took. */
void server_worker_totals(struct server_worker *worker, double *audio_s, double *work_s);

#endif
