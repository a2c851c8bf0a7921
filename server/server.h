/* server.h - diarization over HTTP: what it is started with.
 * SPDX-License-Identifier: MIT
 *
 *   connection -> http.c -> route -> desk (a thread that may wait for disks) -> answer -> http.c
 *                                      |
 *                                    store (SQLite) <- worker (a thread that computes)
 *
 * The event loop (http.c) waits for nothing but the network. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "diarist/bench.h"
#include "diarist/diarist.h"

#include <stdbool.h>

struct server_settings {
    const char *address;   /* IPv4, "127.0.0.1" */
    int32_t port;          /* 0: any that is free; the log says which */
    const char *data;      /* folder of recordings and store; made when it is not there */
    const char *keys;      /* that clients may have, with commas; NULL or "": none is asked for, and
                              address must be of this machine alone */
    const char *more_keys; /* the same */
    const char *key_header; /* "X-API-Key" */
    /* The model; or NULL and how to load it, which is tried at the start and, should it fail, each
     * time that an embedding is asked for and model_retry_s have passed. */
    const diarist_model *model;
    int (*load_model)(const void *data, diarist_model **out, diarist_error *err);
    const void *load_data;
    int32_t model_retry_s;
    const char *embedding_url; /* of the service that embeddings fall back on; NULL: none */
    bool speakers;             /* whether clients may have known speakers kept */
    const char *profiles;      /* known speakers besides: a folder or file; NULL: none */
    diarist_options engine;    /* of jobs that do not say otherwise */
    const diarist_bench_settings *bench; /* NULL: there are no benchmarks */
    uint64_t max_upload_bytes;
    double max_audio_s;    /* of a recording, decoded */
    int32_t max_queue;     /* jobs that are queued or running */
    int32_t idle_s;        /* a connection that yields or takes nothing so long is closed */
    int32_t min_rate;      /* bytes a second that a body brings, on average over idle_s; 0: any */
    int32_t max_streams;   /* live streams at a time */
    int32_t resume_s;      /* a live stream without a connection is kept so long */
    int32_t drain_s;       /* what is running may take so long when the service is to stop */
    double keep_s;         /* jobs that ended longer ago are deleted; 0: none are */
    const char *log_level; /* "error", "warning" or "info": what is less is not logged */
    bool (*stopped)(void); /* whether it is to stop; asked twice a second */
};

/* Whether an address can be reached from this machine alone. */
bool server_is_loopback(const char *address);

/* Serves until settings.stopped. A diarist_status: DIARIST_ERROR_ARGUMENT, DIARIST_ERROR_OUTPUT
 * (the data folder, the store), DIARIST_ERROR_LIMIT (the port is taken), DIARIST_ERROR_MEMORY. */
int server_run(const struct server_settings *settings, diarist_error *err);

/* What main does first, as the service starts this program again to decode what it was sent: an
 * exit code, or -1: the arguments are not for that. */
int server_decoder_process(int argc, char **argv);

#endif
