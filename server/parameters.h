/* parameters.h - what routes take in their query, their headers and the fields of their forms. One
 * table checks it and describes it; options of jobs have their own (job_options.h).
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_PARAMETERS_H
#define SERVER_PARAMETERS_H

#include "exchange.h"

#include <jansson.h>

/* All fields that an exchange has so far are of its route, and have values that they may have.
 * Otherwise 400, and the answer says why. */
int server_parameters_check(struct server_exchange *exchange);

/* What an exchange gave, once checked; otherwise false, or the table's default. */
bool server_parameter_flag(const struct server_exchange *exchange, const char *name);
int64_t server_parameter_whole(const struct server_exchange *exchange, const char *name);

/* Whether clients may give that name where a route has these parameters; options are not meant. */
bool server_parameter_is(const char *route_parameters, const char *name);
/* The table as OpenAPI's components/parameters. */
json_t *server_parameters_json(void);

/* The next word of *text, which moves behind it, and its length; NULL: there is none. */
const char *server_next_word(const char **text, size_t *length);

#endif
