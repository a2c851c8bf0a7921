/* supervisor.h - the process between this program and a child: it ends whatever the child leaves.
 * SPDX-License-Identifier: MIT
 *
 * this program --lifeline--> supervisor --fork, exec--> child --> its own children, grandchildren
 *              <---reports---           <--orphans come to it--
 *
 * When the child has ended, or the lifeline's other end is closed (by this program, or because it
 * was killed), everything below the supervisor is killed, whatever group or session it is in. */
#ifndef BENCH_SUPERVISOR_H
#define BENCH_SUPERVISOR_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

struct bench_supervised {
    char *const *argv;           /* ended by NULL */
    char *const *environment;    /* ended by NULL */
    const cpu_set_t *processors; /* NULL: those of this process */
    int in, out, err;            /* the child's standard streams */
    int reports, lifeline;       /* written to, and waited for */
};

/* What the supervisor tells: which process the child is, and once what became of it. */
struct bench_supervisor_report {
    bool ended;      /* false: only child is known */
    pid_t child;     /* it leads its process group */
    int error;       /* errno of what kept the child from starting; 0: it ran, and */
    int wait_status; /* of the child, as wait() gives it */
    double wall_s;   /* from before the fork until the child had ended */
    double cpu_s;    /* of the child, what it started and what it left */
    double peak_mb;  /* the largest resident set of one of these processes */
};

/* Called in a fork of this program, where only async-signal-safe functions may be; never returns.
 */
_Noreturn void bench_supervise(const struct bench_supervised *supervised);

/* Kills every process whose number the kernel lists at path (/proc/PID/task/TID/children);
 * async-signal-safe. */
void bench_kill_listed(const char *path);

#endif
