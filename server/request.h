/* request.h - the headers of a request.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "state.h"

struct lws;

/* Fills the exchange from the headers: method, route, fields of the query, what else routes look
 * at; checks key, length and limits. Not 0: it is refused, and the answer set. */
int server_request_read(struct server_exchange *exchange, struct server *server, struct lws *wsi,
                        const char *path);

/* To a client that asks whether it may send its body: yes. */
void server_request_continue(struct lws *wsi);

/* text, or "?" when it is not UTF-8: for the log. */
const char *server_printable(const char *text);

#endif
