/* live_socket.c - connections of live streams.
 * SPDX-License-Identifier: MIT
 *
 *   binary frames -> whole samples -> server_live_push; the stream is full -> nothing is read
 *   text frames   -> start, skip, finish
 *   ready, events of the stream, error -> text frames, one each time the connection takes more */
#include "live_socket.h"

#include "answer.h"
#include "clock.h"
#include "live.h"
#include "live_message.h"
#include "log.h"

#include <jansson.h>
#include <libwebsockets.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 4096, DETAIL = 200, EVENT = 1024, KILL_S = 5 };

struct server_socket {
    struct server_socket *next;
    struct lws *wsi;
    struct server_live_stream *stream; /* NULL: it goes on over another connection */
    char odd[4];                       /* bytes of a sample that has not all come */
    size_t num_odd;
    char text[TEXT]; /* of a text frame */
    size_t num_text;
    bool greets;   /* "ready" is to be sent */
    bool paused;   /* nothing is read */
    bool for_good; /* nobody will come back */
    int error;     /* a server_close: the reason is to be told, and the connection closed */
    bool told;
    int code; /* of the close that was sent, or came; 0: neither was */
    char detail[DETAIL];
    uint64_t seq;      /* of the last event that was sent */
    double came_at;    /* the last samples or gap */
    double waits_from; /* since when it takes nothing; 0: it does */
};

struct server_sockets {
    struct server *server;
    struct server_socket *first;
    size_t num;
};

struct server_sockets *server_sockets_new(struct server *server) {
    struct server_sockets *sockets = calloc(1, sizeof *sockets);
    if (sockets)
        sockets->server = server;
    return sockets;
}

void server_sockets_free(struct server_sockets *sockets) {
    free(sockets);
}

size_t server_sockets_num(const struct server_sockets *sockets) {
    return sockets->num;
}

static void want_to_write(struct server_socket *socket) {
    if (socket->waits_from == 0)
        socket->waits_from = server_ticks();
    lws_callback_on_writable(socket->wsi);
}

/* The client is told why, then the connection is closed. */
static void refuse(struct server_socket *socket, int code, const char *format, ...) {
    va_list arguments;
    if (socket->error)
        return;
    va_start(arguments, format);
    vsnprintf(socket->detail, sizeof socket->detail, format, arguments);
    va_end(arguments);
    /* Names that clients gave may be in it, and be cut. */
    for (char *c = socket->detail; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
    socket->error = code;
    want_to_write(socket);
}

/* ---- opening ---- */

/* The stream's parameters of the query. Not 0: the answer is set. */
static int read_params(struct server_live_params *params, struct server_exchange *exchange) {
    char why[DETAIL];
    for (size_t i = 0; i < exchange->fields.num; i++) {
        const struct server_field *field = &exchange->fields.items[i];
        if (server_live_params_set(params, field->name, field->value, why, sizeof why)) {
            server_answer_problem(exchange, 422, "%s", why);
            return 422;
        }
    }
    return 0;
}

static int open_stream(struct server_sockets *sockets, struct server_exchange *exchange,
                       struct server_live_stream **out) {
    struct server *server = sockets->server;
    struct server_live_params params;
    bool full = false;
    server_live_params_init(&params, server->settings);
    if (read_params(&params, exchange))
        return 422;
    if ((*out = server_live_open(server->live, &params, &full)))
        return 0;
    if (full)
        server_answer_problem(exchange, 429,
                              "%d streams are open, as many as this service takes; try again later",
                              (int)server->settings->max_streams);
    else
        server_answer_problem(exchange, 503, "out of memory; try again later");
    exchange->answer.retry_after_s = 10;
    return exchange->answer.status;
}

/* Whoever has the stream now loses it. */
static void take_over(struct server_sockets *sockets, const struct server_live_stream *stream) {
    for (struct server_socket *socket = sockets->first; socket; socket = socket->next)
        if (socket->stream == stream) {
            socket->stream = NULL;
            refuse(socket, SERVER_CLOSE_REPLACED, "the stream goes on over another connection");
        }
}

/* "stream" and "seq" of a client that comes back. */
static int find_stream(struct server_sockets *sockets, struct server_exchange *exchange,
                       struct server_live_stream **out, uint64_t *seq) {
    const char *id = server_fields_get(&exchange->fields, "stream");
    const char *text = server_fields_get(&exchange->fields, "seq");
    size_t digits = text ? strspn(text, "0123456789") : 0;
    if (exchange->fields.num > (text ? 2 : 1) ||
        (text && (!digits || digits > 18 || text[digits]))) {
        server_answer_problem(
            exchange, 422, "of a stream that goes on give stream and seq (a whole number) alone");
        return 422;
    }
    *seq = text ? strtoull(text, NULL, 10) : 0;
    *out = server_live_find(sockets->server->live, id);
    if (*out)
        return 0;
    server_answer_problem(exchange, 404, "there is no such stream, or no longer");
    return 404;
}

static struct server_socket *add_socket(struct server_sockets *sockets, struct lws *wsi,
                                        struct server_live_stream *stream, bool again) {
    struct server_socket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return NULL;
    socket->wsi = wsi;
    socket->stream = stream;
    socket->for_good = !again; /* until it is a WebSocket */
    socket->greets = true;
    socket->came_at = server_ticks();
    socket->next = sockets->first;
    sockets->first = socket;
    sockets->num++;
    lws_set_opaque_user_data(wsi, socket);
    return socket;
}

int server_socket_open(struct server_sockets *sockets, struct server_exchange *exchange,
                       struct lws *wsi) {
    struct server_live *live = sockets->server->live;
    struct server_live_stream *stream;
    uint64_t seq = 0;
    bool again = server_fields_get(&exchange->fields, "stream");
    if (strcmp(exchange->path, "/v1/live")) {
        server_answer_problem(exchange, 400, "WebSockets are at /v1/live alone");
        return 400;
    }
    if (!sockets->server->worker) {
        server_answer_problem(exchange, 503, "there is no model to diarize with; try again later");
        exchange->answer.retry_after_s = 60;
        return 503;
    }
    if (atomic_load(&sockets->server->draining)) {
        server_answer_problem(exchange, 503, "the service stops; try again later");
        exchange->answer.retry_after_s = 10;
        return 503;
    }
    int status = again ? find_stream(sockets, exchange, &stream, &seq)
                       : open_stream(sockets, exchange, &stream);
    if (status)
        return status;
    if (again)
        take_over(sockets, stream);
    struct server_socket *socket = add_socket(sockets, wsi, stream, again);
    if (!socket) {
        server_live_detach(live, stream, !again);
        server_answer_problem(exchange, 503, "out of memory; try again later");
        return 503;
    }
    socket->seq = seq;
    if (again && server_live_attach(live, stream, seq))
        refuse(socket, SERVER_CLOSE_GONE, "the events after %llu are not kept",
               (unsigned long long)seq);
    server_log("info", again ? "live_resume" : "live_begin", "{s:s,s:s,s:i}", "stream",
               server_live_id(stream), "request_id", exchange->id, "rate",
               (int)server_live_params(stream)->rate_hz);
    return 0;
}

/* ---- what comes ---- */

static void push(struct server_sockets *sockets, struct server_socket *socket, const char *bytes,
                 size_t size, uint64_t num) {
    struct server_live *live = sockets->server->live;
    struct server_live_view view;
    socket->came_at = server_ticks();
    if (num && server_live_push(live, socket->stream, bytes, size, num)) {
        server_live_look(live, socket->stream, &view);
        if (view.finishing && !atomic_load(&sockets->server->draining))
            refuse(socket, SERVER_CLOSE_FRAME, "samples after finish");
        else if (!view.finishing && !view.close)
            refuse(socket, SERVER_CLOSE_FAILED, "out of memory");
        return;
    }
    server_live_look(live, socket->stream, &view);
    if (view.full && !socket->paused) {
        socket->paused = true;
        lws_rx_flow_control(socket->wsi, 0);
    }
}

/* A part of a binary frame. */
static void take_samples(struct server_sockets *sockets, struct server_socket *socket,
                         const char *bytes, size_t n, bool last) {
    size_t width = server_live_params(socket->stream)->is_float ? 4 : 2;
    while (socket->num_odd && n && socket->num_odd < width) {
        socket->odd[socket->num_odd++] = *bytes++;
        n--;
    }
    if (socket->num_odd == width) {
        socket->num_odd = 0;
        push(sockets, socket, socket->odd, width, 1);
    }
    size_t num = n / width, rest = n % width;
    if (num)
        push(sockets, socket, bytes, num * width, num);
    if (rest && !socket->num_odd) {
        memcpy(socket->odd, bytes + num * width, rest);
        socket->num_odd = rest;
    }
    if (last && socket->num_odd)
        refuse(socket, SERVER_CLOSE_FRAME, "a frame of samples is a multiple of %zu bytes", width);
}

static void take_message(struct server_sockets *sockets, struct server_socket *socket) {
    struct server_live *live = sockets->server->live;
    const struct server_live_params *params = server_live_params(socket->stream);
    struct server_live_message message;
    char why[DETAIL];
    size_t n = socket->num_text;
    socket->num_text = 0;
    if (server_live_message_read(&message, params, socket->text, n, why, sizeof why))
        refuse(socket, SERVER_CLOSE_FRAME, "%s", why);
    else if (message.type == SERVER_LIVE_FINISH)
        server_live_finish(live, socket->stream);
    else if (message.type == SERVER_LIVE_SKIP)
        push(sockets, socket, NULL, 0, (uint64_t)llround(message.gap_s * params->rate_hz));
    else if (server_live_configure(live, socket->stream, &message.params))
        refuse(socket, SERVER_CLOSE_FRAME, "start comes before samples");
    else
        socket->greets = true;
    want_to_write(socket);
}

static void take_text(struct server_sockets *sockets, struct server_socket *socket,
                      const char *bytes, size_t n, bool last) {
    if (n > sizeof socket->text - socket->num_text) {
        refuse(socket, SERVER_CLOSE_LARGE, "a text frame has %d bytes at most", TEXT);
        return;
    }
    memcpy(socket->text + socket->num_text, bytes, n);
    socket->num_text += n;
    if (last)
        take_message(sockets, socket);
}

static int receive(struct server_sockets *sockets, struct server_socket *socket, const char *bytes,
                   size_t n) {
    bool last = lws_is_final_fragment(socket->wsi) && !lws_remaining_packet_payload(socket->wsi);
    if (socket->error || !socket->stream)
        return 0;
    if (lws_frame_is_binary(socket->wsi))
        take_samples(sockets, socket, bytes, n, last);
    else
        take_text(sockets, socket, bytes, n, last);
    return 0;
}

/* ---- what goes ---- */

/* Sends a text frame of n bytes that begin at buffer + LWS_PRE. */
static int send_text(struct server_socket *socket, char *buffer, size_t n) {
    if (lws_write(socket->wsi, (unsigned char *)buffer + LWS_PRE, n, LWS_WRITE_TEXT) < (int)n)
        return -1;
    lws_callback_on_writable(socket->wsi);
    return 0;
}

static int send_json(struct server_socket *socket, json_t *message) {
    char buffer[LWS_PRE + EVENT];
    size_t n = message ? json_dumpb(message, buffer + LWS_PRE, EVENT, JSON_COMPACT) : 0;
    json_decref(message);
    return n && n <= EVENT ? send_text(socket, buffer, n) : -1;
}

static int send_ready(struct server_sockets *sockets, struct server_socket *socket) {
    const struct server_live_params *params = server_live_params(socket->stream);
    struct server_live_view view;
    server_live_look(sockets->server->live, socket->stream, &view);
    socket->greets = false;
    return send_json(
        socket, json_pack("{s:I,s:s,s:s,s:I,s:s,s:i,s:f,s:i}", "seq", (json_int_t)socket->seq,
                          "type", "ready", "stream", server_live_id(socket->stream), "samples",
                          (json_int_t)view.samples, "format", params->is_float ? "f32le" : "s16le",
                          "rate", (int)params->rate_hz, "latency", params->engine.latency_s,
                          "resume", (int)sockets->server->settings->resume_s));
}

static int send_error(struct server_socket *socket) {
    socket->told = true;
    return send_json(socket, json_pack("{s:I,s:s,s:i,s:s}", "seq", (json_int_t)socket->seq, "type",
                                       "error", "code", socket->error, "detail", socket->detail));
}

static int close_with(struct server_socket *socket, int code, const char *reason) {
    size_t n = strlen(reason);
    char text[124]; /* what fits into the frame */
    n = n < sizeof text ? n : sizeof text - 1;
    memcpy(text, reason, n);
    socket->code = code;
    if (socket->paused) /* the client's answer is to be read */
        lws_rx_flow_control(socket->wsi, 1);
    lws_close_reason(socket->wsi, (enum lws_close_status)code, (unsigned char *)text, n);
    return -1;
}

static int send_next(struct server_sockets *sockets, struct server_socket *socket) {
    struct server_live *live = sockets->server->live;
    char buffer[LWS_PRE + EVENT];
    struct server_live_view view;
    socket->waits_from = 0;
    if (socket->error)
        return socket->told ? close_with(socket, socket->error, socket->detail)
                            : send_error(socket);
    if (socket->greets)
        return send_ready(sockets, socket);
    server_live_look(live, socket->stream, &view);
    size_t n = server_live_next(live, socket->stream, buffer + LWS_PRE, EVENT, &socket->seq);
    if (n)
        return send_text(socket, buffer, n);
    return view.close ? close_with(socket, view.close,
                                   view.close == SERVER_CLOSE_AWAY ? "the service stops" : "")
                      : 0;
}

/* ---- from time to time ---- */

static void look_after(struct server_sockets *sockets, struct server_socket *socket) {
    const double now = server_ticks(), idle_s = sockets->server->settings->idle_s;
    struct server_live_view view = {0};
    if (socket->waits_from > 0 && now - socket->waits_from > (socket->error ? KILL_S : idle_s)) {
        lws_set_timeout(socket->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
        return;
    }
    if (!socket->stream || socket->error)
        return;
    server_live_look(sockets->server->live, socket->stream, &view);
    if (view.lost)
        refuse(socket, SERVER_CLOSE_SLOW, "events are not read");
    else if (view.unsent || view.close)
        want_to_write(socket);
    if (socket->paused && !view.full) {
        socket->paused = false;
        socket->came_at = now;
        lws_rx_flow_control(socket->wsi, 1);
    }
    if (!socket->paused && !view.finishing && now - socket->came_at > idle_s)
        refuse(socket, SERVER_CLOSE_IDLE, "no samples came for %d seconds", (int)idle_s);
}

void server_sockets_step(struct server_sockets *sockets) {
    for (struct server_socket *socket = sockets->first; socket; socket = socket->next)
        look_after(sockets, socket);
}

/* ---- the end ---- */

static void closed(struct server_sockets *sockets, struct server_socket *socket) {
    struct server_socket **link = &sockets->first;
    while (*link != socket)
        link = &(*link)->next;
    *link = socket->next;
    sockets->num--;
    lws_set_opaque_user_data(socket->wsi, NULL);
    server_log("info", "live_close", "{s:s,s:i,s:s}", "stream",
               socket->stream ? server_live_id(socket->stream) : "", "code", socket->code, "detail",
               socket->detail);
    /* Who sends what nobody understands would do so again. */
    const bool broken = socket->error == SERVER_CLOSE_FRAME || socket->error == SERVER_CLOSE_LARGE;
    if (socket->stream)
        server_live_detach(sockets->server->live, socket->stream, socket->for_good || broken);
    free(socket);
}

/* A client that says so leaves for good; others may come back. */
static void note_close(struct server_socket *socket, const char *bytes, size_t n) {
    const unsigned char *code = (const unsigned char *)bytes;
    if (n >= 2 && !socket->code)
        socket->code = code[0] << 8 | code[1];
    socket->for_good = n >= 2 && (code[0] << 8 | code[1]) == SERVER_CLOSE_DONE;
}

int server_socket_event(struct server_sockets *sockets, struct lws *wsi, int reason,
                        const char *bytes, size_t n) {
    struct server_socket *socket = wsi ? lws_get_opaque_user_data(wsi) : NULL;
    if (!socket)
        return reason == LWS_CALLBACK_ESTABLISHED ? -1 : 0;
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        socket->for_good = false;
        want_to_write(socket);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return receive(sockets, socket, bytes, n);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return send_next(sockets, socket);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        note_close(socket, bytes, n);
        return 0;
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_WSI_DESTROY:
        closed(sockets, socket);
        return 0;
    default:
        return 0;
    }
}
