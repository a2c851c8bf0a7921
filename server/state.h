/* state.h - what the parts of the service share.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_STATE_H
#define SERVER_STATE_H

#include "bench_worker.h"
#include "embedder.h"
#include "gate.h"
#include "keys.h"
#include "server.h"
#include "store.h"
#include "upload.h"
#include "worker.h"

#include <stdatomic.h>

struct server {
    const struct server_settings *settings;
    struct server_keys keys;
    struct server_store *store;
    struct server_embedder *embedder;
    struct server_worker *_Atomic worker; /* NULL: there is no model yet */
    struct server_bench_worker *bench;    /* NULL: there are no benchmarks */
    struct server_gate gate;              /* of both */
    struct server_live *live;
    char audio[SERVER_MAX_PATH], uploads[SERVER_MAX_PATH], scratch[SERVER_MAX_PATH],
        speakers[SERVER_MAX_PATH];
    char runs[SERVER_MAX_PATH];     /* of benchmarks */
    atomic_bool draining, stopping; /* stopping: what computes is to end now */
    /* Counted since the start, for /metrics. */
    atomic_ullong requests[6]; /* by the first digit of the status */
    atomic_ullong upload_bytes, jobs_added;
    atomic_int connections;
};

#endif
