/* bench_child.h - `diarist bench run` as a child: what the command line does, in a process of its
 * own.
 * SPDX-License-Identifier: MIT
 *
 * In a process of its own because what is measured starts as a copy of the process that starts it:
 * the memory of a service would be counted as that of the systems.
 *
 *   this service --a byte: the next recording--> child --a line of JSON for each event--> this
 *                                                                                      service
 * Where this end of the child's standard input is closed, by this service or by its death, the
 * child ends. */
#ifndef SERVER_BENCH_CHILD_H
#define SERVER_BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { SERVER_BENCH_LINE = 8192 };

struct server_bench_child {
    pid_t pid;
    int in, out;
    size_t used;      /* of buffer: what has come */
    bool is_skipping; /* the rest of a line that was too long */
    char buffer[SERVER_BENCH_LINE];
    char line[SERVER_BENCH_LINE];
};

/* Starts this program with arguments (ended by NULL; the first is its name). held: a descriptor
 * that stays open in the child until its end. 0 or an errno. */
int server_bench_child_start(struct server_bench_child *child, char *const *arguments, int held);

/* The next line that it writes, for wait_ms at most; "": none has come; NULL: there are no more. */
const char *server_bench_child_line(struct server_bench_child *child, int wait_ms);

/* It may begin with the next recording. */
void server_bench_child_go_on(struct server_bench_child *child);
/* It is to end; what it writes until then can still be read. */
void server_bench_child_stop(struct server_bench_child *child);
/* Waits for its end, which it has seconds for; its exit code, or minus a signal's number. */
int server_bench_child_end(struct server_bench_child *child, double seconds);

#endif
