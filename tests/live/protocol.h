/* protocol.h - what the events of any live stream must keep to, whatever was said.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_LIVE_PROTOCOL_H
#define TESTS_LIVE_PROTOCOL_H

#include <stddef.h>

#include "diarist/stream.h"

enum { PROTOCOL_TURNS = 4096, PROTOCOL_SPEAKERS = 4096 };

struct protocol_turn {
    int ended;
    diarist_event last;
};

struct protocol {
    double latency_s;
    int32_t num_known;
    uint64_t num_events, num_turns;
    double at;
    double talked_until[PROTOCOL_SPEAKERS]; /* in final turns */
    unsigned char merged[PROTOCOL_SPEAKERS];
    int any_merged;
    struct protocol_turn turn[PROTOCOL_TURNS];
};

void protocol_init(struct protocol *p, double latency_s, int32_t num_known);

/* The next event of stream, as diarist_stream_next, and what it breaks, or NULL. */
int protocol_next(struct protocol *p, diarist_stream *stream, diarist_event *event,
                  const char **wrong);

/* After the last event. What is missing, or NULL. */
const char *protocol_end(const struct protocol *p);

#endif
