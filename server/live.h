/* live.h - live streams: who there is, and the one thread that computes for all of them.
 * SPDX-License-Identifier: MIT
 *
 *   connection -> server_live_push -> pieces -> thread (diarist_stream_group) -> events
 *   connection <- server_live_next <------------------------------------------------'
 *
 * A stream has a connection or waits for one; it is kept for settings.resume_s without. All
 * functions but starting and ending are for the event loop's thread. */
#ifndef SERVER_LIVE_H
#define SERVER_LIVE_H

#include "live_params.h"

/* Why a connection is closed: codes of RFC 6455, and from 4000 on our own. */
enum server_close {
    SERVER_CLOSE_DONE = 1000,
    SERVER_CLOSE_AWAY = 1001,     /* the service ends */
    SERVER_CLOSE_FRAME = 1003,    /* a frame that is not understood */
    SERVER_CLOSE_SLOW = 1008,     /* events are not read */
    SERVER_CLOSE_LARGE = 1009,    /* a text frame that is too long */
    SERVER_CLOSE_FAILED = 1011,   /* the engine, or no memory */
    SERVER_CLOSE_REPLACED = 4000, /* the stream goes on over another connection */
    SERVER_CLOSE_IDLE = 4008,     /* no samples came */
    SERVER_CLOSE_GONE = 4010      /* events after `seq` are not kept any more */
};

struct server_live;
struct server_live_stream;

/* ready is called on the thread's side each time streams have news. */
int server_live_start(struct server_live **out, const struct server_settings *settings,
                      void (*ready)(void *data), void *data, diarist_error *err);
/* The thread ends; ready is not called any more. */
void server_live_stop(struct server_live *live);
/* After stopping, when no connection knows a stream any more. */
void server_live_free(struct server_live *live);

/* A new stream with a connection. NULL: all places are taken (*full), or no memory. */
struct server_live_stream *server_live_open(struct server_live *live,
                                            const struct server_live_params *params, bool *full);
/* A stream that is kept; NULL: there is none. */
struct server_live_stream *server_live_find(struct server_live *live, const char *id);
/* It has a connection again, which gets the events after seq. -1: they are not kept any more. */
int server_live_attach(struct server_live *live, struct server_live_stream *stream, uint64_t seq);
/* It has none; for_good: and nobody will come back. */
void server_live_detach(struct server_live *live, struct server_live_stream *stream, bool for_good);

const char *server_live_id(const struct server_live_stream *stream);
const struct server_live_params *server_live_params(const struct server_live_stream *stream);
/* Other parameters, while nothing has come. -1: something has. */
int server_live_configure(struct server_live *live, struct server_live_stream *stream,
                          const struct server_live_params *params);

/* num samples of size bytes, or with bytes NULL a gap of num samples. -1: the end was said before,
 * or no memory. */
int server_live_push(struct server_live *live, struct server_live_stream *stream, const void *bytes,
                     size_t size, uint64_t num);
/* Nothing more comes. */
void server_live_finish(struct server_live *live, struct server_live_stream *stream);

/* How a stream stands. */
struct server_live_view {
    uint64_t samples; /* that were taken, gaps counted, at the client's rate */
    bool finishing;   /* the end was said */
    bool unsent;      /* there are events to be sent */
    bool lost;        /* so many were not sent that some are forgotten */
    bool full;        /* no more is to be read from the connection */
    int close;        /* a server_close once the last event is there; else 0 */
};
void server_live_look(struct server_live *live, struct server_live_stream *stream,
                      struct server_live_view *out);

/* Copies the next unsent event, which is sent with that, and its number. Its bytes, room at most;
 * 0: there is none. */
size_t server_live_next(struct server_live *live, struct server_live_stream *stream, char *out,
                        size_t room, uint64_t *seq);

/* From now on: no new streams; those there are end as if their clients had said so. */
void server_live_drain(struct server_live *live);

struct server_live_totals {
    int32_t open; /* streams that have not ended */
    int32_t attached;
    double audio_s;   /* heard since the start */
    uint64_t streams; /* since the start */
    uint64_t events;
    double behind_s; /* the most audio that waits in a stream */
};
void server_live_totals(struct server_live *live, struct server_live_totals *out);

#endif
