/* exchange.h - a request and its answer: what passes between the event loop, the desk and the
 * routes. It has one owner at a time: the loop, or from submitting until handing back the desk.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include "chunks.h"
#include "fields.h"

#include <stdbool.h>
#include <stdint.h>

enum { SERVER_ID_BYTES = 33 }; /* 32 hex digits and a zero */

struct server;
struct server_upload;
struct server_exchange;

/* Fills the exchange's answer. On the desk's thread: it may wait for disks. */
typedef void server_handler(struct server *server, struct server_exchange *exchange);

enum server_body {
    SERVER_BODY_NONE, /* what comes is thrown away */
    SERVER_BODY_UPLOAD,
    SERVER_BODY_JSON,      /* kept in memory */
    SERVER_BODY_TRANSCRIPT /* JSON; or a form with it as `segments`, and perhaps a recording */
};

enum server_phase {
    SERVER_READING,
    SERVER_AT_DESK,
    SERVER_WATCHING,  /* until jobs change */
    SERVER_ANSWERING, /* the body may still be coming, and is thrown away */
    SERVER_DISCARDING /* answered; it still comes */
};

struct server_route {
    const char *method, *path; /* "{id}" in path stands for one component */
    server_handler *handler;
    enum server_body body;
    bool open; /* asks for no key */
    const char *summary;
    bool computes; /* it is answered at the desk of those that take long */
    /* For /openapi.json; names are those of server/components/. */
    const char *parameters; /* "limit cursor": of the query and headers; NULL: none */
    const char *request;    /* "Recording": the body; NULL: none is read */
    const char *answers;    /* "200 Job, 409": statuses, those of success with what comes; without
                               the ones that every route has (openapi.c) */
};

struct server_answer {
    int status;
    const char *type; /* NULL: no content */
    char *text;       /* NULL: none, or a file */
    uint64_t size;    /* of the content */
    int fd;           /* of a file whose bytes from offset on are the content; -1: none */
    uint64_t offset, total;
    bool partial;      /* 206: size bytes of total from offset on */
    char location[96]; /* empty: none */
    int retry_after_s; /* 0: none */
    int64_t revision;  /* of the content, sent as its ETag; 0: none */
    char allow[64];    /* of 405; empty: none */
    bool watch; /* the handler wants to be asked again once jobs have changed; text that it has
                   given meanwhile is sent as a part of an endless content */
    bool close; /* the connection too */
};

struct server_exchange {
    struct server_exchange *next; /* in a list of its owner's */
    void *connection;             /* the loop's; NULL: the client has gone */
    const struct server_route *route;
    char id[SERVER_ID_BYTES];
    char method[8], path[256], item[64]; /* item: what stood for {id} */
    struct server_fields fields;         /* of the query, then of the form */
    char content_type[256], idempotency_key[256], range[128], if_match[128];
    struct server_upload *upload; /* SERVER_BODY_UPLOAD */
    char *body;                   /* SERVER_BODY_JSON, without a zero behind it */
    size_t body_bytes;
    char job[SERVER_ID_BYTES]; /* what is watched; empty: nothing yet */
    char *last;                /* what a watcher was told last */
    struct server_answer answer;
    /* The loop's alone. */
    uint64_t sent; /* of the content */
    double began_at, active_at;
    double window_at;      /* since when what a body brings is counted, */
    uint64_t window_bytes; /* and how much that is */
    uint64_t seen;         /* how often jobs had changed when the desk got it */
    uint64_t discarded;    /* bytes of a body that nobody wants */
    enum server_phase state;
    bool headers_sent;
    bool has_body; /* that has not all come yet */
    bool chunked;  /* the body is; the connection ends with it */
    struct server_chunks chunks;
    bool is_head;
    bool endless; /* server-sent events: the connection's end is the content's */
};

struct server_exchange *server_exchange_new(void);
void server_exchange_free(struct server_exchange *exchange);
/* Frees what an answer has and makes it empty. */
void server_answer_clear(struct server_answer *answer);
/* 32 random hex digits. */
void server_make_id(char out[SERVER_ID_BYTES]);

#endif
