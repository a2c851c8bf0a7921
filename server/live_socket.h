/* live_socket.h - connections of live streams: frames of WebSockets to streams and back.
 * SPDX-License-Identifier: MIT
 *
 * All of it on the event loop's thread. What clients send and get: docs/asyncapi.json. */
#ifndef SERVER_LIVE_SOCKET_H
#define SERVER_LIVE_SOCKET_H

#include "state.h"

struct lws;
struct server_exchange;
struct server_sockets;

/* NULL: no memory. */
struct server_sockets *server_sockets_new(struct server *server);
/* After the last of them was closed. */
void server_sockets_free(struct server_sockets *sockets);

/* A request that wants to become a WebSocket, its headers read. 0: it may; otherwise the answer is
 * set. */
int server_socket_open(struct server_sockets *sockets, struct server_exchange *exchange,
                       struct lws *wsi);

/* What libwebsockets says of a WebSocket; reason: enum lws_callback_reasons. Below 0: it is to be
 * closed. */
int server_socket_event(struct server_sockets *sockets, struct lws *wsi, int reason,
                        const char *bytes, size_t n);

/* Streams have news, or time has passed. */
void server_sockets_step(struct server_sockets *sockets);

/* How many there are. */
size_t server_sockets_num(const struct server_sockets *sockets);

#endif
