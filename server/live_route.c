/* live_route.c - /v1/live for those who do not ask for a WebSocket.
 * SPDX-License-Identifier: MIT */
#include "answer.h"
#include "routes.h"

void server_live_plain(struct server *server, struct server_exchange *exchange) {
    (void)server;
    server_answer_problem(exchange, 426, "this path is a WebSocket; ask for it with Upgrade");
}
