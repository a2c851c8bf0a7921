/* threads.c - a pool of workers.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct worker {
    struct dr_pool *pool;
    pthread_t thread;
    int index;
};

struct dr_pool {
    int size;        /* workers, the caller counted */
    int num_started; /* threads that run, beside the caller */
    struct worker *workers;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    unsigned long round; /* grows by one for each dr_pool_run */
    bool is_open;        /* whether workers may still join the round */
    int num_busy;        /* those that have joined it, beside the caller */
    bool quit;
    dr_work_fn *work;
    void *context;
    size_t num_items;
    atomic_size_t next; /* item that nobody has taken */
};

/* Whole cores of a cgroup v2 CPU quota, 0 when there is none. */
static int cgroup_cores(void) {
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!f)
        return 0;
    long long quota = 0, period = 0;
    int n = fscanf(f, "%lld %lld", &quota, &period);
    fclose(f);
    if (n != 2 || quota <= 0 || period <= 0)
        return 0;
    long long cores = quota / period;
    return cores < 1 ? 1 : cores > DR_MAX_THREADS ? DR_MAX_THREADS : (int)cores;
}

int dr_available_threads(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    int quota = cgroup_cores();
    if (quota && quota < n)
        n = quota;
    return n < 1 ? 1 : n;
}

static void run_items(struct dr_pool *pool, int worker) {
    size_t i;
    while ((i = atomic_fetch_add(&pool->next, 1)) < pool->num_items)
        pool->work(pool->context, i, worker);
}

static void *worker_main(void *arg) {
    struct worker *self = arg;
    struct dr_pool *pool = self->pool;
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->quit && (!pool->is_open || pool->round == seen))
            pthread_cond_wait(&pool->wake, &pool->lock);
        if (pool->quit)
            break;
        seen = pool->round;
        pool->num_busy++;
        pthread_mutex_unlock(&pool->lock);
        run_items(pool, self->index);
        pthread_mutex_lock(&pool->lock);
        if (--pool->num_busy == 0)
            pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct dr_pool *dr_pool_new(int num_threads) {
    struct dr_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->size = num_threads;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->workers = calloc((size_t)num_threads, sizeof *pool->workers);
    if (!pool->workers) {
        dr_pool_free(pool);
        return NULL;
    }
    for (int i = 1; i < num_threads; i++) {
        struct worker *w = &pool->workers[i];
        w->pool = pool;
        w->index = i;
        if (pthread_create(&w->thread, NULL, worker_main, w)) {
            dr_pool_free(pool);
            return NULL;
        }
        pool->num_started = i;
    }
    return pool;
}

int dr_pool_size(const struct dr_pool *pool) {
    return pool->size;
}

void dr_pool_run(struct dr_pool *pool, dr_work_fn *work, void *context, size_t num_items) {
    if (!pool) {
        for (size_t i = 0; i < num_items; i++)
            work(context, i, 0);
        return;
    }
    if (!num_items)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->work = work;
    pool->context = context;
    pool->num_items = num_items;
    atomic_store(&pool->next, 0);
    pool->is_open = true;
    pool->round++;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    run_items(pool, 0);
    /* All items are taken: who has not woken up by now is not waited for. */
    pthread_mutex_lock(&pool->lock);
    pool->is_open = false;
    while (pool->num_busy)
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void dr_pool_free(struct dr_pool *pool) {
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->num_started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->done);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}
