/* job_result.h - who spoke when, as an answer.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_JOB_RESULT_H
#define SERVER_JOB_RESULT_H

#include "diarist/io.h"
#include "exchange.h"
#include "state.h"

/* Answers with the result of a succeeded job in the format that the fields ask for. */
void server_answer_result(struct server *server, struct server_exchange *exchange,
                          const struct server_job *job);

/* The result of the diarization with that id. -1: there is none, and the answer says why. */
int server_result_read(diarist_document **out, struct server *server,
                       struct server_exchange *exchange, const char *id);

#endif
