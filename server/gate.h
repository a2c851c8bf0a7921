/* gate.h - who may compute: diarizations beside each other, or a benchmark alone, each in its turn,
 * so that nothing of this service disturbs what is being timed.
 * SPDX-License-Identifier: MIT
 *
 * First come, first served: neither can keep the other out for longer than one job, or one
 * recording of a benchmark, takes. */
#ifndef SERVER_GATE_H
#define SERVER_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct server_gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t tickets, admitted; /* handed out; let in */
    int32_t num_inside;
    bool is_alone; /* who is inside wants no others */
};

void server_gate_init(struct server_gate *gate);
void server_gate_destroy(struct server_gate *gate);

/* Waits for its turn. alone: until everybody else has left, and nobody comes in before it leaves.
 */
void server_gate_enter(struct server_gate *gate, bool alone);
void server_gate_leave(struct server_gate *gate);
/* Whether somebody waits for its turn. */
bool server_gate_wanted(struct server_gate *gate);

#endif
