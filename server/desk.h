/* desk.h - a thread that answers: it may wait for disks, and one of its kind compute; the event
 * loop may not. SPDX-License-Identifier: MIT */
#ifndef SERVER_DESK_H
#define SERVER_DESK_H

#include "exchange.h"

#include "diarist/diarist.h"

struct server_desk;

/* ready is called on the desk's thread each time an answer is there. max_waiting: exchanges that
 * may wait for the one in work; 0: any number. */
int server_desk_start(struct server_desk **out, struct server *server, size_t max_waiting,
                      void (*ready)(void *data), void *data, diarist_error *err);
/* Hands an exchange over. -1: too many are waiting; it was not taken. */
int server_desk_submit(struct server_desk *desk, struct server_exchange *exchange);
/* Whether it is answering, or has something to answer. */
bool server_desk_busy(struct server_desk *desk);
/* An exchange that is answered, or NULL. */
struct server_exchange *server_desk_collect(struct server_desk *desk);
/* Ends what is being answered; nothing is answered, and ready not called, any more. */
void server_desk_stop(struct server_desk *desk);
/* After stopping: with the exchanges that have not been collected. */
void server_desk_free(struct server_desk *desk);

#endif
