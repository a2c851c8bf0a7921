/* threads.h - a pool of workers.
 * SPDX-License-Identifier: MIT
 *
 * Items are independent of one another and each writes its own output, so results do not depend on
 * the number of workers. The pool knows no stage. */
#ifndef DR_BASE_THREADS_H
#define DR_BASE_THREADS_H

#include <stddef.h>

struct dr_pool;

enum { DR_MAX_THREADS = 1024 };

/* Cores that this process may use: affinity mask and cgroup quota, at least 1. */
int dr_available_threads(void);

/* num_threads >= 1 counts the caller, so 1 starts no thread. NULL when no thread or memory is to be
 * had. */
struct dr_pool *dr_pool_new(int num_threads);
int dr_pool_size(const struct dr_pool *pool);

/* Work on item `item` in [0, num_items); `worker` in [0, dr_pool_size) is the index of the thread,
 * for scratch memory. */
typedef void dr_work_fn(void *context, size_t item, int worker);

/* Runs work on every item and returns when all are done. Workers take items in order, each the next
 * one when it is done with its last. Called by one thread at a time. A pool of NULL: this thread
 * does them all, as worker 0. */
void dr_pool_run(struct dr_pool *pool, dr_work_fn *work, void *context, size_t num_items);

void dr_pool_free(struct dr_pool *pool); /* NULL allowed */

#endif
