/* job_result.h - who spoke when, as an answer.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_JOB_RESULT_H
#define SERVER_JOB_RESULT_H

#include "exchange.h"
#include "state.h"

/* Answers with the result of a succeeded job in the format that the fields ask for. */
void server_answer_result(struct server *server, struct server_exchange *exchange,
                          const struct server_job *job);

#endif
