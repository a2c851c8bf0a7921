/* exchange.c - a request and its answer.
 * SPDX-License-Identifier: MIT */
#include "exchange.h"

#include "clock.h"
#include "upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

void server_make_id(char out[SERVER_ID_BYTES]) {
    unsigned char bytes[16];
    /* Of 16 bytes it neither fails nor comes back with fewer once the kernel has its seed. */
    while (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        ;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

struct server_exchange *server_exchange_new(void) {
    struct server_exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    server_make_id(exchange->id);
    exchange->answer.fd = -1;
    exchange->began_at = exchange->active_at = exchange->window_at = server_ticks();
    return exchange;
}

void server_answer_clear(struct server_answer *answer) {
    free(answer->text);
    if (answer->fd >= 0)
        close(answer->fd);
    *answer = (struct server_answer){.fd = -1};
}

void server_exchange_free(struct server_exchange *exchange) {
    if (!exchange)
        return;
    server_answer_clear(&exchange->answer);
    server_fields_clear(&exchange->fields);
    server_upload_free(exchange->upload);
    free(exchange->body);
    free(exchange->last);
    free(exchange);
}
