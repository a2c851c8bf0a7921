/* gate.c - who may compute.
 * SPDX-License-Identifier: MIT */
#include "gate.h"

void server_gate_init(struct server_gate *gate) {
    *gate = (struct server_gate){.num_inside = 0};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_cond_init(&gate->moved, NULL);
}

void server_gate_destroy(struct server_gate *gate) {
    pthread_cond_destroy(&gate->moved);
    pthread_mutex_destroy(&gate->lock);
}

void server_gate_enter(struct server_gate *gate, bool alone) {
    pthread_mutex_lock(&gate->lock);
    uint64_t ticket = gate->tickets++;
    while (gate->admitted != ticket || gate->is_alone || (alone && gate->num_inside))
        pthread_cond_wait(&gate->moved, &gate->lock);
    gate->admitted++;
    gate->num_inside++;
    gate->is_alone = alone;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->lock);
}

void server_gate_leave(struct server_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    gate->num_inside--;
    gate->is_alone = false;
    pthread_cond_broadcast(&gate->moved);
    pthread_mutex_unlock(&gate->lock);
}

bool server_gate_wanted(struct server_gate *gate) {
    pthread_mutex_lock(&gate->lock);
    bool is = gate->admitted != gate->tickets;
    pthread_mutex_unlock(&gate->lock);
    return is;
}
