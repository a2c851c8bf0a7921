/* bench_worker.h - the thread that has benchmarks run, one after another.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_BENCH_WORKER_H
#define SERVER_BENCH_WORKER_H

#include "bench_store.h"
#include "gate.h"
#include "server.h"

struct server_bench_worker;

/* folder: of the runs, by the jobs' ids. All must outlive it. */
int server_bench_worker_start(struct server_bench_worker **out, struct server_store *store,
                              const diarist_bench_settings *settings, const char *folder,
                              struct server_gate *gate, diarist_error *err);
/* A job was added. */
void server_bench_worker_wake(struct server_bench_worker *worker);

/* How far the job is that runs. */
struct server_bench_progress {
    double percent; /* 0 to 100, by rows */
    double eta_s;   /* below 0: not known */
    char step[256]; /* "run diarist: a.wav"; empty: not known */
};
/* false: it is another one, or none. */
bool server_bench_worker_progress(struct server_bench_worker *worker, const char *id,
                                  struct server_bench_progress *progress);

/* From now on nothing is run; what runs is stopped soon, and goes on after the next start. */
void server_bench_worker_drain(struct server_bench_worker *worker);
/* After draining: waits for its end. NULL: none was started. */
void server_bench_worker_stop(struct server_bench_worker *worker);

#endif
