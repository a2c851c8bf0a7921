/* body.h - the JSON body of a request, kept in memory: it is small.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include "exchange.h"

#include <jansson.h>

enum { SERVER_MAX_JSON = 1 << 20 }; /* bytes */

/* 0, or the HTTP status that says why not; the answer is then set. */
int server_body_begin(struct server_exchange *exchange);
int server_body_feed(struct server_exchange *exchange, const char *bytes, size_t n);

/* The body as a new reference; NULL: it is none (400), the answer is set. */
json_t *server_body_json(struct server_exchange *exchange);

#endif
