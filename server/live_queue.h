/* live_queue.h - what a live stream has between its connection and the thread that computes: audio
 * that waits to be heard, events that wait to be sent or to be sent again. Both are bounded.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_LIVE_QUEUE_H
#define SERVER_LIVE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- in ---- */

struct server_piece {
    struct server_piece *next;
    uint64_t num; /* samples */
    size_t size;  /* of bytes; 0: a gap */
    char bytes[];
};

struct server_pieces {
    struct server_piece *first, *last;
    size_t size; /* of all, in memory */
    uint64_t num;
};

/* Appends num samples of size bytes, or with bytes NULL a gap of num samples. -1: no memory. */
int server_pieces_add(struct server_pieces *pieces, const void *bytes, size_t size, uint64_t num);
/* The first, to be freed; NULL: there is none. */
struct server_piece *server_pieces_take(struct server_pieces *pieces);
void server_pieces_clear(struct server_pieces *pieces);

/* ---- out ---- */

struct server_event {
    struct server_event *next;
    uint64_t seq;
    size_t size;
    char text[];
};

struct server_events {
    struct server_event *first, *last;
    struct server_event *unsent; /* the first of them; NULL: all have been sent */
    size_t size;                 /* of all, in memory */
    uint64_t seq;                /* of the last */
    uint64_t forgotten;          /* the highest that is not kept any more */
};

/* Appends a copy and forgets the oldest ones beyond room bytes. *lost: one of them was not sent.
 * -1: no memory. */
int server_events_add(struct server_events *events, uint64_t seq, const char *text, size_t size,
                      size_t room, bool *lost);
/* Those after seq are to be sent (again). -1: some are forgotten, or there never were as many. */
int server_events_rewind(struct server_events *events, uint64_t seq);
/* The first that is unsent, which is sent with that; NULL: there is none. */
const struct server_event *server_events_next(struct server_events *events);
void server_events_clear(struct server_events *events);

#endif
