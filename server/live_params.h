/* live_params.h - what a live stream is opened with.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_LIVE_PARAMS_H
#define SERVER_LIVE_PARAMS_H

#include "server.h"

#include "diarist/stream.h"

struct server_live_params {
    bool is_float;   /* f32le; else s16le */
    int32_t rate_hz; /* of what comes, one channel */
    double stats_s;  /* seconds of audio between stats events; 0: none */
    diarist_stream_options engine;
};

void server_live_params_init(struct server_live_params *params,
                             const struct server_settings *settings);

/* Sets one of "format", "rate", "latency", "max_speakers", "cluster_threshold", "preset", "stats".
 * -1 and a line of text: there is none of that name, or it cannot have that value. */
int server_live_params_set(struct server_live_params *params, const char *name, const char *value,
                           char *why, size_t room);

/* "s16le:16000:1" as diarist_pcm_open wants it. */
void server_live_params_raw(const struct server_live_params *params, char out[32]);

#endif
