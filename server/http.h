/* http.h - the event loop: connections of libwebsockets to exchanges and back.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "state.h"

struct server_http;

/* Listens. */
int server_http_open(struct server_http **out, struct server *server, diarist_error *err);
/* Jobs have changed. Any thread may call it. */
void server_http_changed(struct server_http *http);
/* Live streams have news. Any thread may call it. */
void server_http_heard(struct server_http *http);
/* Connections of live streams. */
size_t server_http_streams(const struct server_http *http);
/* Waits for what connections do, half a second at most, and deals with it. */
void server_http_step(struct server_http *http);
/* Whether a route that computes is being answered, or waits for it. */
bool server_http_computing(struct server_http *http);
/* Those who wait for jobs are told to come back later. */
void server_http_dismiss(struct server_http *http);
void server_http_close(struct server_http *http);

#endif
