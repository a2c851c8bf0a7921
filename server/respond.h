/* respond.h - an answer onto a connection.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_RESPOND_H
#define SERVER_RESPOND_H

#include "exchange.h"

struct lws;

/* Sends the headers, or the next part of the content. 0: all has been sent; 1: call it again when
 * the connection takes more; -1: it is to be closed. */
int server_respond(struct lws *wsi, struct server_exchange *exchange);

#endif
