/* threads.h - what a measured program may use: processors, and the variables that say so.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_THREADS_H
#define BENCH_THREADS_H

#include "diarist/diarist.h"

#include <sched.h>
#include <stdint.h>

/* Chooses the processors that all measured programs share, among those of this program: one of each
 * core first, lowest number first. chosen: [num]. num is at most bench_threads_available(). */
void bench_threads_choose(cpu_set_t *set, int *chosen, int32_t num);
/* Processors that this program may run on. */
int32_t bench_threads_available(void);

/* The variables that thread pools read their size from, ended by NULL. */
extern const char *const bench_thread_variables[];

/* An environment of known content: those variables, a few of this program's own (PATH, HOME, ...),
 * a fixed locale, no graphics processors. also: names of further variables that are passed on,
 * ended by NULL, or NULL. NULL: no memory. */
char **bench_environment_new(int32_t num_threads, const char *const *also);
void bench_environment_free(char **environment);

#endif
