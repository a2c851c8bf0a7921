/* job_json.h - a job as clients see it.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_JOB_JSON_H
#define SERVER_JOB_JSON_H

#include "exchange.h"
#include "state.h"

#include <jansson.h>

/* NULL: no memory. */
json_t *server_job_json(struct server *server, const struct server_job *job);

/* The job that a path names. -1: there is none, or the store cannot be read; the answer is set. */
int server_job_find(struct server *server, struct server_exchange *exchange, const char *id,
                    struct server_job *job);

/* The answer for a call of the store that did not do what it should. */
void server_answer_unstored(struct server_exchange *exchange, enum server_stored stored);

#endif
