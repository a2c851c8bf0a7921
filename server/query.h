/* query.h - what a query says.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_QUERY_H
#define SERVER_QUERY_H

#include "exchange.h"

/* A whole number from min to max; without the field what *out is. -1: the answer (400) says why. */
int server_query_number(struct server_exchange *exchange, const char *name, int64_t min,
                        int64_t max, int64_t *out);

#endif
