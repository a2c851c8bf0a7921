/* http.c - the event loop.
 * SPDX-License-Identifier: MIT
 *
 * An exchange lives from a request's headers until its answer has been sent:
 *
 *   headers -> [body -> upload] -> desk -> answer -> connection
 *                                   ^ |
 *                                   | v
 *                                 watching, until jobs change
 *
 * There are two desks: of routes that compute for seconds a few may wait, and none for them.
 *
 * One that is refused is answered at once, and the rest of its body thrown away: who is still
 * sending would otherwise never read why. */
#include "http.h"

#include "answer.h"
#include "body.h"
#include "clock.h"
#include "desk.h"
#include "live_socket.h"
#include "log.h"
#include "request.h"
#include "respond.h"
#include "routes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PART = 65536, MAX_DISCARDED = 256 << 20, MAX_CONNECTIONS = 1000, MAX_COMPUTING = 16 };

struct server_http {
    struct server *server;
    struct server_desk *desk, *computing;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct server_exchange *watching;
    uint64_t changes; /* how often jobs have changed */
    atomic_bool changed;
    struct server_sockets *sockets;
    atomic_bool heard; /* live streams have news */
    lws_sorted_usec_list_t tick;
    char content[PART]; /* of chunks */
};

/* What libwebsockets keeps for a connection. */
struct session {
    struct server_exchange *exchange;
};

static void finished(struct server_http *http, struct server_exchange *exchange) {
    /* Of events what was told last is cleared before the end. */
    int status = exchange->endless ? 200 : exchange->answer.status;
    atomic_fetch_add(&http->server->requests[status >= 200 && status < 600 ? status / 100 : 0], 1);
    atomic_fetch_sub(&http->server->connections, 1);
    server_log("info", "request", "{s:s,s:s,s:s,s:i,s:f}", "request_id", exchange->id, "method",
               exchange->method, "path", server_printable(exchange->path), "status", status,
               "took_s", server_ticks() - exchange->began_at);
    server_exchange_free(exchange);
}

static void submit(struct server_http *http, struct server_exchange *exchange) {
    exchange->state = SERVER_AT_DESK;
    exchange->seen = http->changes;
    lws_set_timeout(exchange->connection, NO_PENDING_TIMEOUT, 0);
    if (!exchange->route->computes) {
        server_desk_submit(http->desk, exchange);
    } else if (server_desk_submit(http->computing, exchange)) {
        server_answer_problem(exchange, 429, "too many are waiting; try again later");
        exchange->answer.retry_after_s = 5;
        exchange->state = SERVER_ANSWERING;
        lws_callback_on_writable(exchange->connection);
    }
}

static void unwatch(struct server_http *http, struct server_exchange *exchange) {
    struct server_exchange **link = &http->watching;
    while (*link && *link != exchange)
        link = &(*link)->next;
    if (*link)
        *link = exchange->next;
}

static void watch(struct server_http *http, struct server_exchange *exchange) {
    if (exchange->seen != http->changes) {
        submit(http, exchange);
        return;
    }
    exchange->state = SERVER_WATCHING;
    exchange->next = http->watching;
    http->watching = exchange;
}

/* ---- answering ---- */

/* The answer has been sent. Below 0: the connection is to be closed. */
static int complete(struct server_http *http, struct lws *wsi, struct session *session) {
    struct server_exchange *exchange = session->exchange;
    bool close = exchange->answer.close || exchange->endless || exchange->chunked;
    if (exchange->has_body && !exchange->endless) {
        exchange->state = SERVER_DISCARDING;
        return 0;
    }
    session->exchange = NULL;
    finished(http, exchange);
    return close || lws_http_transaction_completed(wsi) ? -1 : 0;
}

/* Sends a part of the answer. Below 0: the connection is to be closed. */
static int send_part(struct server_http *http, struct lws *wsi, struct session *session) {
    struct server_exchange *exchange = session->exchange;
    exchange->active_at = server_ticks();
    int rc = server_respond(wsi, exchange);
    if (rc < 0)
        return -1;
    if (rc > 0) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    if (!exchange->answer.watch)
        return complete(http, wsi, session);
    server_answer_clear(&exchange->answer);
    watch(http, exchange);
    return 0;
}

/* Answers what the loop itself has to say, while the body may still be coming. */
static int refuse(struct server_http *http, struct lws *wsi, struct session *session) {
    struct server_exchange *exchange = session->exchange;
    exchange->state = SERVER_ANSWERING;
    exchange->answer.close |= exchange->has_body;
    server_upload_free(exchange->upload);
    exchange->upload = NULL;
    lws_callback_on_writable(wsi);
    (void)http;
    return 0;
}

/* The desk has answered. */
static void take_answer(struct server_http *http, struct server_exchange *exchange) {
    /* Who goes on waiting has changed nothing: others would be asked again for it, and so would it.
     */
    if (!exchange->answer.watch && strcmp(exchange->method, "GET") &&
        strcmp(exchange->method, "HEAD"))
        atomic_store(&http->changed, true);
    if (!exchange->connection) {
        finished(http, exchange);
        return;
    }
    struct server_answer *answer = &exchange->answer;
    /* Of an endless content there is no other end than that of the connection. */
    if (exchange->endless && answer->status != 200) {
        server_answer_clear(answer);
        answer->status = 200;
    }
    bool silent = !answer->text && answer->fd < 0;
    if (answer->watch && silent && (exchange->endless || !answer->type)) {
        watch(http, exchange);
        return;
    }
    exchange->sent = 0;
    exchange->state = SERVER_ANSWERING;
    lws_callback_on_writable(exchange->connection);
}

/* ---- asking ---- */

static int begin(struct server_http *http, struct lws *wsi, struct session *session,
                 const char *path) {
    struct server *server = http->server;
    struct server_exchange *exchange = server_exchange_new();
    session->exchange = exchange;
    if (!exchange)
        return -1;
    exchange->connection = wsi;
    atomic_fetch_add(&server->connections, 1);
    lws_set_timer_usecs(wsi, LWS_USEC_PER_SEC);
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    if (server_request_read(exchange, server, wsi, path))
        return refuse(http, wsi, session);
    if (exchange->route->body == SERVER_BODY_UPLOAD ||
        exchange->route->body == SERVER_BODY_TRANSCRIPT) {
        if (server_upload_begin(exchange, server->uploads, server->settings->max_upload_bytes))
            return refuse(http, wsi, session);
        server_request_continue(wsi);
    } else if (exchange->route->body == SERVER_BODY_JSON) {
        if (server_body_begin(exchange))
            return refuse(http, wsi, session);
        server_request_continue(wsi);
    }
    if (!exchange->has_body)
        submit(http, exchange);
    return 0;
}

static int take_content(struct server_http *http, struct lws *wsi, struct session *session,
                        const char *bytes, size_t n) {
    struct server_exchange *exchange = session->exchange;
    bool is_json = exchange->route && exchange->route->body == SERVER_BODY_JSON;
    if (exchange->state == SERVER_READING && is_json)
        return server_body_feed(exchange, bytes, n) ? refuse(http, wsi, session) : 0;
    if (exchange->state != SERVER_READING || !exchange->upload) {
        exchange->discarded += n;
        return exchange->discarded > MAX_DISCARDED ? -1 : 0;
    }
    atomic_fetch_add(&http->server->upload_bytes, n);
    return server_upload_feed(exchange, bytes, n) ? refuse(http, wsi, session) : 0;
}

static int end_body(struct server_http *http, struct lws *wsi, struct session *session) {
    struct server_exchange *exchange = session->exchange;
    /* After a request without a body, which has been dealt with. */
    if (!exchange || !exchange->has_body)
        return 0;
    exchange->has_body = false;
    if (exchange->state == SERVER_DISCARDING)
        return complete(http, wsi, session);
    if (exchange->state != SERVER_READING)
        return 0;
    if (exchange->chunked && !server_chunks_complete(&exchange->chunks)) {
        server_answer_problem(exchange, 413,
                              "a body in chunks may be 100 MiB long with all that belongs to "
                              "them; send the length of a longer one as Content-Length");
        return refuse(http, wsi, session);
    }
    if (exchange->upload && server_upload_end(exchange))
        return refuse(http, wsi, session);
    submit(http, exchange);
    return 0;
}

/* libwebsockets hands over chunks as they are, and takes a body without a length for one of 100
 * MiB.
 */
static int take_chunks(struct server_http *http, struct lws *wsi, struct session *session,
                       const char *bytes, size_t n) {
    struct server_exchange *exchange = session->exchange;
    for (size_t part; n; bytes += part, n -= part) {
        size_t num;
        part = n < PART ? n : PART;
        int rc = server_chunks_feed(&exchange->chunks, bytes, part, http->content, &num);
        if (num && take_content(http, wsi, session, http->content, num))
            return -1;
        if (rc && exchange->state == SERVER_READING) {
            server_answer_problem(exchange, 400, "the body is not in chunks as it should be");
            return refuse(http, wsi, session);
        }
    }
    return server_chunks_complete(&exchange->chunks) ? end_body(http, wsi, session) : 0;
}

static int take_body(struct server_http *http, struct lws *wsi, struct session *session,
                     const char *bytes, size_t n) {
    struct server_exchange *exchange = session->exchange;
    if (!exchange)
        return -1;
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    exchange->active_at = server_ticks();
    exchange->window_bytes += n;
    return exchange->chunked ? take_chunks(http, wsi, session, bytes, n)
                             : take_content(http, wsi, session, bytes, n);
}

/* The client has gone. */
static void drop(struct server_http *http, struct session *session) {
    struct server_exchange *exchange = session->exchange;
    session->exchange = NULL;
    if (!exchange)
        return;
    exchange->connection = NULL;
    if (exchange->state == SERVER_AT_DESK)
        return;
    if (exchange->state == SERVER_WATCHING)
        unwatch(http, exchange);
    finished(http, exchange);
}

/* Whether a body has brought too little in the last idle_s seconds. */
static bool is_slow(struct server_exchange *exchange, const struct server_settings *settings) {
    const double now = server_ticks();
    if (!exchange->has_body || now - exchange->window_at < settings->idle_s)
        return false;
    const double least = (double)settings->min_rate * (now - exchange->window_at);
    const bool slow = (double)exchange->window_bytes < least;
    exchange->window_at = now;
    exchange->window_bytes = 0;
    return slow;
}

/* Once a second: whether a connection has been idle, or slow, for too long. Below 0: it is to be
 * closed. */
static int check_idle(struct server_http *http, struct lws *wsi, struct session *session) {
    struct server_exchange *exchange = session->exchange;
    if (!exchange)
        return 0;
    lws_set_timer_usecs(wsi, LWS_USEC_PER_SEC);
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* it waits for more than the last chunk */
    const struct server_settings *settings = http->server->settings;
    bool idle = server_ticks() - exchange->active_at > settings->idle_s;
    if (exchange->state == SERVER_AT_DESK || exchange->state == SERVER_WATCHING ||
        !(idle || is_slow(exchange, settings)))
        return 0;
    if (exchange->state != SERVER_READING)
        return -1;
    exchange->active_at = server_ticks();
    if (idle)
        server_answer_problem(exchange, 408, "nothing came for %d seconds", (int)settings->idle_s);
    else
        server_answer_problem(exchange, 408,
                              "less than %d bytes a second came for %d seconds; send faster",
                              (int)settings->min_rate, (int)settings->idle_s);
    return refuse(http, wsi, session);
}

/* Somebody wants a WebSocket. 0: they may have it; above: it was answered, below: and the
 * connection is to be closed. */
static int upgrade(struct server_http *http, struct lws *wsi) {
    struct server_exchange *exchange = server_exchange_new();
    char path[256];
    int rc = 0;
    if (!exchange)
        return -1;
    if (lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI) < 0)
        *path = 0;
    atomic_fetch_add(&http->server->connections, 1);
    int status = server_request_read(exchange, http->server, wsi, path);
    if (!status)
        status = server_socket_open(http->sockets, exchange, wsi);
    if (status) {
        exchange->answer.close = true;
        while (server_respond(wsi, exchange) > 0)
            ;
        rc = -1;
    } else {
        exchange->answer.status = 101;
    }
    finished(http, exchange);
    return rc;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t n) {
    struct server_http *http = lws_context_user(lws_get_context(wsi));
    struct session *session = user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return begin(http, wsi, session, in);
    case LWS_CALLBACK_HTTP_BODY:
        return take_body(http, wsi, session, in, n);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return end_body(http, wsi, session);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return session->exchange && session->exchange->state == SERVER_ANSWERING
                   ? send_part(http, wsi, session)
                   : 0;
    case LWS_CALLBACK_TIMER:
        return check_idle(http, wsi, session);
    case LWS_CALLBACK_CLOSED_HTTP:
        if (session)
            drop(http, session);
        return 0;
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return atomic_load(&http->server->connections) >= MAX_CONNECTIONS;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return strcasecmp(in, "websocket") ? 0 : upgrade(http, wsi);
    default:
        return server_socket_event(http->sockets, wsi, reason, in, n);
    }
}

/* ---- the loop ---- */

static void wake(void *data) {
    struct server_http *http = data;
    lws_cancel_service(http->context);
}

void server_http_changed(struct server_http *http) {
    atomic_store(&http->changed, true);
    wake(http);
}

void server_http_heard(struct server_http *http) {
    atomic_store(&http->heard, true);
    wake(http);
}

/* Has the loop come back twice a second. */
static void on_tick(lws_sorted_usec_list_t *tick) {
    struct server_http *http = lws_container_of(tick, struct server_http, tick);
    atomic_store(&http->heard, true);
    lws_sul_schedule(http->context, 0, tick, on_tick, LWS_USEC_PER_SEC / 2);
}

static void ask_again(struct server_http *http) {
    struct server_exchange *exchange = http->watching, *next;
    http->watching = NULL;
    http->changes++;
    for (; exchange; exchange = next) {
        next = exchange->next;
        submit(http, exchange);
    }
}

void server_http_step(struct server_http *http) {
    struct server_exchange *exchange;
    lws_service(http->context, 0);
    while ((exchange = server_desk_collect(http->desk)) ||
           (exchange = server_desk_collect(http->computing)))
        take_answer(http, exchange);
    if (atomic_exchange(&http->changed, false))
        ask_again(http);
    if (atomic_exchange(&http->heard, false))
        server_sockets_step(http->sockets);
}

size_t server_http_streams(const struct server_http *http) {
    return server_sockets_num(http->sockets);
}

bool server_http_computing(struct server_http *http) {
    return server_desk_busy(http->computing);
}

void server_http_dismiss(struct server_http *http) {
    struct server_exchange *exchange = http->watching, *next;
    http->watching = NULL;
    for (; exchange; exchange = next) {
        next = exchange->next;
        if (!exchange->endless)
            server_answer_problem(exchange, 503,
                                  "the service stops; the job will go on after that");
        exchange->answer.watch = false;
        exchange->answer.close = true;
        exchange->sent = 0;
        exchange->state = SERVER_ANSWERING;
        lws_callback_on_writable(exchange->connection);
    }
}

static void tell(int level, const char *line) {
    (void)level;
    server_log("warning", "network", "{s:s}", "message", server_printable(line));
}

static int fail(struct server_http *http, int wrong, diarist_error *err) {
    const struct server_settings *settings = http->server->settings;
    err->status = DIARIST_ERROR_OUTPUT;
    snprintf(err->message, sizeof err->message,
             "%s:%d: cannot be listened on%s%s; give another --listen", settings->address,
             (int)settings->port, wrong ? ": " : "", wrong ? strerror(wrong) : "");
    server_http_close(http);
    return err->status;
}

/* Why the address cannot be had, of which libwebsockets tells its log alone: an errno, or 0. */
static int probe(const struct server_settings *settings) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)settings->port)};
    const int yes = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, settings->address, &address.sin_addr);
    int wrong = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
                        bind(fd, (const struct sockaddr *)&address, sizeof address)
                    ? errno
                    : 0;
    if (fd >= 0)
        close(fd);
    return wrong;
}

int server_http_open(struct server_http **out, struct server *server, diarist_error *err) {
    static const struct lws_protocols protocols[] = {
        {"http", on_event, sizeof(struct session), PART, 0, NULL, 0}, {0}};
    /* An answer to a ping would not be read while a stream is full. */
    static const lws_retry_bo_t no_pings = {0};
    const struct server_settings *settings = server->settings;
    struct server_http *http = calloc(1, sizeof *http);
    *out = NULL;
    if (!http) {
        *err = (diarist_error){DIARIST_ERROR_MEMORY, "out of memory"};
        return DIARIST_ERROR_MEMORY;
    }
    http->server = server;
    http->sockets = server_sockets_new(server);
    struct lws_context_creation_info info = {
        .port = settings->port,
        .iface = settings->address,
        .protocols = protocols,
        .user = http,
        .pt_serv_buf_size = PART,
        .max_http_header_pool = MAX_CONNECTIONS,
        .max_http_header_data = 8192,
        /* What the loop does not say itself: headers that do not end. */
        .timeout_secs = (unsigned)settings->idle_s + 5,
        .keepalive_timeout = settings->idle_s,
        .retry_and_idle_policy = &no_pings,
        .timeout_secs_ah_idle = (unsigned)settings->idle_s,
        .server_string = "diarist",
        .options = LWS_SERVER_OPTION_DISABLE_IPV6 | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                   LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_HTTP_HEADERS_SECURITY_BEST_PRACTICES_ENFORCE,
    };
    const int wrong = probe(settings);
    if (wrong)
        return fail(http, wrong, err);
    lws_set_log_level(LLL_ERR, tell);
    http->context = lws_create_context(&info);
    if (!http->sockets || !http->context || !(http->vhost = lws_create_vhost(http->context, &info)))
        return fail(http, 0, err);
    lws_sul_schedule(http->context, 0, &http->tick, on_tick, LWS_USEC_PER_SEC / 2);
    int rc = server_desk_start(&http->desk, server, 0, wake, http, err);
    if (!rc)
        rc = server_desk_start(&http->computing, server, MAX_COMPUTING, wake, http, err);
    if (rc) {
        server_http_close(http);
        return rc;
    }
    server_log("info", "listening", "{s:s,s:i}", "address", settings->address, "port",
               lws_get_vhost_listen_port(http->vhost));
    *out = http;
    return DIARIST_OK;
}

void server_http_close(struct server_http *http) {
    if (!http)
        return;
    /* Desks wake the loop, and connections know the exchanges that are at a desk: they end before
     * them, their exchanges after. */
    server_desk_stop(http->desk);
    server_desk_stop(http->computing);
    if (http->context)
        lws_context_destroy(http->context);
    server_desk_free(http->desk);
    server_desk_free(http->computing);
    server_sockets_free(http->sockets);
    free(http);
}
