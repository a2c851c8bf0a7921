/* desk.c - a thread that answers.
 * SPDX-License-Identifier: MIT */
#include "desk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct list {
    struct server_exchange *first, **end;
};

struct server_desk {
    struct server *server;
    void (*ready)(void *data);
    void *data;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct list asked, answered;
    size_t num_asked, max_asked; /* max 0: any number */
    bool stopping, working;
};

static void append(struct list *list, struct server_exchange *exchange) {
    exchange->next = NULL;
    *list->end = exchange;
    list->end = &exchange->next;
}

static struct server_exchange *take(struct list *list) {
    struct server_exchange *first = list->first;
    if (first && !(list->first = first->next))
        list->end = &list->first;
    return first;
}

static void *answer(void *data) {
    struct server_desk *desk = data;
    pthread_mutex_lock(&desk->lock);
    while (!desk->stopping) {
        struct server_exchange *exchange = take(&desk->asked);
        if (!exchange) {
            pthread_cond_wait(&desk->wake, &desk->lock);
            continue;
        }
        desk->num_asked--;
        desk->working = true;
        pthread_mutex_unlock(&desk->lock);
        server_answer_clear(&exchange->answer);
        exchange->route->handler(desk->server, exchange);
        pthread_mutex_lock(&desk->lock);
        desk->working = false;
        append(&desk->answered, exchange);
        desk->ready(desk->data);
    }
    pthread_mutex_unlock(&desk->lock);
    return NULL;
}

int server_desk_start(struct server_desk **out, struct server *server, size_t max_waiting,
                      void (*ready)(void *data), void *data, diarist_error *err) {
    struct server_desk *desk = calloc(1, sizeof *desk);
    *out = NULL;
    if (desk) {
        *desk = (struct server_desk){
            .server = server, .ready = ready, .data = data, .max_asked = max_waiting};
        desk->asked.end = &desk->asked.first;
        desk->answered.end = &desk->answered.first;
        pthread_mutex_init(&desk->lock, NULL);
        pthread_cond_init(&desk->wake, NULL);
        if (!pthread_create(&desk->thread, NULL, answer, desk)) {
            *out = desk;
            return DIARIST_OK;
        }
    }
    free(desk);
    *err = (diarist_error){DIARIST_ERROR_MEMORY, "out of memory, or no thread could be started"};
    return DIARIST_ERROR_MEMORY;
}

int server_desk_submit(struct server_desk *desk, struct server_exchange *exchange) {
    pthread_mutex_lock(&desk->lock);
    bool full = desk->max_asked && desk->num_asked >= desk->max_asked;
    if (!full) {
        append(&desk->asked, exchange);
        desk->num_asked++;
        pthread_cond_signal(&desk->wake);
    }
    pthread_mutex_unlock(&desk->lock);
    return full ? -1 : 0;
}

bool server_desk_busy(struct server_desk *desk) {
    pthread_mutex_lock(&desk->lock);
    bool busy = desk->working || desk->num_asked;
    pthread_mutex_unlock(&desk->lock);
    return busy;
}

struct server_exchange *server_desk_collect(struct server_desk *desk) {
    pthread_mutex_lock(&desk->lock);
    struct server_exchange *exchange = take(&desk->answered);
    pthread_mutex_unlock(&desk->lock);
    return exchange;
}

void server_desk_stop(struct server_desk *desk) {
    if (!desk)
        return;
    pthread_mutex_lock(&desk->lock);
    desk->stopping = true;
    pthread_cond_signal(&desk->wake);
    pthread_mutex_unlock(&desk->lock);
    pthread_join(desk->thread, NULL);
}

void server_desk_free(struct server_desk *desk) {
    struct server_exchange *exchange;
    if (!desk)
        return;
    while ((exchange = take(&desk->asked)) || (exchange = take(&desk->answered)))
        server_exchange_free(exchange);
    pthread_cond_destroy(&desk->wake);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}
