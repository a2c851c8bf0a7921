/* answer.h - the usual answers.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_ANSWER_H
#define SERVER_ANSWER_H

#include "exchange.h"

#include <jansson.h>

/* application/json; takes over value, NULL of which is a lack of memory. */
void server_answer_json(struct server_exchange *exchange, int status, json_t *value);

/* The same with every digit that numbers need to be read as what they are, and no more. */
void server_answer_exact_json(struct server_exchange *exchange, int status, json_t *value);

/* application/problem+json (RFC 9457) with the request's id. */
void server_answer_problem(struct server_exchange *exchange, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same of one of the request's fields ("systems[0].params.preset"), which is 422. */
void server_answer_invalid(struct server_exchange *exchange, const char *field, const char *detail);

/* text is taken over. */
void server_answer_text(struct server_exchange *exchange, int status, const char *type, char *text,
                        size_t size);

/* The library names the file in front of what is wrong; clients know it by another name. */
const char *server_without_path(const char *message, const char *path);

/* Copies a message of the library, with `way` in place of --raw, which clients do not have. */
void server_without_flag(char *out, size_t room, const char *message, const char *way);

/* "Not Found" */
const char *server_status_title(int status);

#endif
