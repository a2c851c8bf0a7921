/* process.h - one child process: what it may use, how long, what it said and took.
 * SPDX-License-Identifier: MIT
 *
 * There is no shell. Standard input is /dev/null or a pipe, standard error goes to a log of at most
 * 64 KiB. When the child ends, runs out of time, or this program ends in whatever way, everything
 * that it started is killed. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include "log.h"
#include "text.h"

#include "diarist/diarist.h"

#include <sched.h>
#include <stdbool.h>

struct bench_command {
    char *const *argv;           /* ended by NULL; argv[0] is looked for in PATH */
    char *const *environment;    /* NAME=value, ended by NULL; NULL: this program's own */
    const cpu_set_t *processors; /* NULL: those of this program */
    bool asked;                  /* standard input is a pipe: bench_process_ask */
    bool kept;                   /* standard output is kept whole, up to a limit; false: logged */
};

enum bench_end {
    BENCH_END_EXIT,     /* by itself: code is the exit code */
    BENCH_END_SIGNAL,   /* by a signal: code is its number */
    BENCH_END_TIME,     /* killed: its time was over */
    BENCH_END_OUTPUT,   /* killed: standard output that is kept grew over the limit */
    BENCH_END_CANCELED, /* killed: `stop` said so */
    BENCH_END_TAMPERED, /* killed: it stopped or killed the process that watches over it */
    BENCH_END_NONE      /* could not be started; code is an errno */
};

/* What became of it. Measured are the child, what it started and what it left running. */
struct bench_ended {
    enum bench_end how;
    int code;
    double wall_s;      /* from before its fork to its end */
    double cpu_s;       /* user and system, of all of them */
    double peak_rss_mb; /* the largest resident set of one of them; begins with this program's own
                           at the fork */
};

/* Asked several times a second while a child is waited for; true: kill it. NULL: never. */
struct bench_stop {
    bool (*wanted)(void *data);
    void *data;
};

enum { BENCH_OUTPUT_LIMIT = 64 * 1024 * 1024 };

struct bench_process; /* a running child */

/* DIARIST_ERROR_MEMORY: no process could be made. That the program is not there is told when it is
 * waited for. */
int bench_process_start(struct bench_process **out, const struct bench_command *command,
                        diarist_error *err);

/* Until it ends; limit_s 0: no limit. Standard input is closed first. */
void bench_process_wait(struct bench_ended *ended, struct bench_process *process, double limit_s,
                        const struct bench_stop *stop);

/* Sends a line (without its end) to an `asked` and `kept` child and waits for one. True: *answer is
 * that line, to be freed. False: the child has ended, or was killed, as *ended says. */
bool bench_process_ask(char **answer, struct bench_ended *ended, struct bench_process *process,
                       const char *line, double limit_s, const struct bench_stop *stop);

/* What it has printed; they live as long as the process. */
struct bench_log *bench_process_log(struct bench_process *process);
const struct bench_text *bench_process_output(const struct bench_process *process);

/* Kills it if it runs. NULL allowed. */
void bench_process_free(struct bench_process *process);

/* "exit code 1: what it printed last", "SIGSEGV: ...", "ran longer than 60 s". */
void bench_ended_describe(char text[240], const struct bench_ended *ended, double limit_s,
                          const struct bench_log *log);

#endif
