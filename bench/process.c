/* process.c - one child process.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "process.h"

#include "common/fail.h"
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAKE_MS = 200, DRAIN_S = 1 };

struct bench_process {
    pid_t supervisor; /* 0: it has ended */
    bool tampered;    /* the child has stopped or killed the supervisor */
    int in;           /* -1: /dev/null, or closed */
    int out, err, reports, lifeline;
    bool kept;
    struct bench_text output; /* what is kept of standard output */
    struct bench_log log;
    pid_t child; /* 0: not known yet */
    bool reported;
    struct bench_supervisor_report report; /* the first one of its end that came */
};

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void close_one(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- starting ----------------------------------------------------------------------------- */

/* Both ends of what connects with the child: [0] is read from, [1] written to. */
struct pipes {
    int in[2], out[2], err[2], reports[2], lifeline[2];
};

static int open_pipes(struct pipes *p, bool asked) {
    int *all[] = {p->out, p->err, p->reports, p->lifeline};
    memset(p, -1, sizeof *p);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (pipe2(all[i], O_CLOEXEC))
            return -1;
    /* A socket: writing to one that nobody reads raises no signal when asked not to. */
    if (asked)
        return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->in);
    p->in[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return p->in[0] < 0 ? -1 : 0;
}

static void close_pipes(struct pipes *p) {
    int *all[] = {p->in, p->out, p->err, p->reports, p->lifeline};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        close_one(&all[i][0]);
        close_one(&all[i][1]);
    }
}

static int take(int *fd) {
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* Signals wait until the supervisor has set its own handlers. */
static pid_t fork_supervisor(const struct bench_supervised *supervised) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        bench_supervise(supervised);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

int bench_process_start(struct bench_process **out, const struct bench_command *command,
                        diarist_error *err) {
    struct bench_process *process = calloc(1, sizeof *process);
    struct pipes p;
    *out = NULL;
    if (!process)
        return common_fail_memory(err);
    if (open_pipes(&p, command->asked)) {
        int wrong = errno;
        close_pipes(&p);
        free(process);
        return common_fail(err, DIARIST_ERROR_MEMORY, "no pipe can be made: %s; close some files",
                           strerror(wrong));
    }
    struct bench_supervised supervised = {.argv = command->argv,
                                          .environment =
                                              command->environment ? command->environment : environ,
                                          .processors = command->processors,
                                          .in = p.in[0],
                                          .out = p.out[1],
                                          .err = p.err[1],
                                          .reports = p.reports[1],
                                          .lifeline = p.lifeline[0]};
    process->supervisor = fork_supervisor(&supervised);
    process->kept = command->kept;
    process->in = take(&p.in[1]);
    process->out = take(&p.out[0]);
    process->err = take(&p.err[0]);
    process->reports = take(&p.reports[0]);
    process->lifeline = take(&p.lifeline[1]);
    close_pipes(&p);
    if (process->supervisor < 0) {
        process->supervisor = 0;
        bench_process_free(process);
        return common_fail(err, DIARIST_ERROR_MEMORY,
                           "no process can be made: %s; end some processes", strerror(errno));
    }
    *out = process;
    return DIARIST_OK;
}

/* ---- talking ------------------------------------------------------------------------------ */

/* False at the stream's end. */
static bool read_stream(struct bench_process *process, int fd, bool kept) {
    char part[2048];
    ssize_t n = read(fd, part, sizeof part);
    if (n < 0)
        return errno == EINTR;
    if (kept && process->output.size > BENCH_OUTPUT_LIMIT)
        return n > 0;
    if (kept)
        bench_text_bytes(&process->output, part, (size_t)n);
    else
        bench_log_add(&process->log, part, (size_t)n);
    return n > 0;
}

static bool read_report(struct bench_process *process) {
    struct bench_supervisor_report report;
    ssize_t n = read(process->reports, &report, sizeof report);
    if (n < 0)
        return errno == EINTR;
    if (n == sizeof report && !report.ended)
        process->child = report.child;
    else if (n == sizeof report && !process->reported) {
        process->report = report;
        process->reported = true;
    }
    return n > 0;
}

/* Sends what there is room for. False when there is nobody to read it. */
static bool write_line(struct bench_process *process, const char **line, size_t *size) {
    ssize_t n = send(process->in, *line, *size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    *line += n;
    *size -= (size_t)n;
    return true;
}

/* One round of what the child has to say and wants to hear. False when it has nothing more to say
 * and has ended. */
static bool pump(struct bench_process *process, const char **line, size_t *size) {
    struct pollfd polled[] = {{.fd = process->out, .events = POLLIN},
                              {.fd = process->err, .events = POLLIN},
                              {.fd = process->reports, .events = POLLIN},
                              {.fd = *size ? process->in : -1, .events = POLLOUT}};
    if (process->out < 0 && process->err < 0 && process->reports < 0)
        return false;
    if (poll(polled, 4, WAKE_MS) <= 0)
        return true;
    if (polled[0].revents && !read_stream(process, process->out, process->kept))
        close_one(&process->out);
    if (polled[1].revents && !read_stream(process, process->err, false))
        close_one(&process->err);
    if (polled[2].revents && !read_report(process))
        close_one(&process->reports);
    if (polled[3].revents && !write_line(process, line, size))
        close_one(&process->in);
    return true;
}

/* Looks after the supervisor: one that was stopped goes on. options: those of waitpid(). */
static void watch(struct bench_process *process, int options) {
    int status;
    if (!process->supervisor)
        return;
    pid_t changed = waitpid(process->supervisor, &status, options | WUNTRACED);
    if (changed < 0 && errno == EINTR)
        return;
    if (changed == process->supervisor && WIFSTOPPED(status)) {
        char children[64]; /* they would stop it again */
        snprintf(children, sizeof children, "/proc/%d/task/%d/children", (int)changed,
                 (int)changed);
        process->tampered = true;
        bench_kill_listed(children);
        kill(process->supervisor, SIGCONT);
    } else if (changed) {
        process->supervisor = 0;
        process->tampered |= changed > 0 && WIFSIGNALED(status);
        if (process->tampered && process->child)
            kill(-process->child, SIGKILL);
    }
}

static void fill_ended(struct bench_ended *ended, const struct bench_process *process) {
    const struct bench_supervisor_report *report = &process->report;
    int status = report->wait_status;
    *ended = (struct bench_ended){.how = BENCH_END_EXIT,
                                  .code = WEXITSTATUS(status),
                                  .wall_s = report->wall_s,
                                  .cpu_s = report->cpu_s,
                                  .peak_rss_mb = report->peak_mb};
    if (process->tampered) {
        ended->how = BENCH_END_TAMPERED;
        if (!process->reported)
            ended->wall_s = ended->cpu_s = ended->peak_rss_mb = (double)NAN;
    } else if (!process->reported || report->error) {
        ended->how = BENCH_END_NONE;
        ended->code = process->reported ? report->error : ECHILD;
    } else if (WIFSIGNALED(status)) {
        ended->how = BENCH_END_SIGNAL;
        ended->code = WTERMSIG(status);
    }
}

/* Ends what still runs, hears it out and fills *ended. Where the supervisor is gone and a stream is
 * open still, somebody has escaped with it. */
static void finish(struct bench_ended *ended, struct bench_process *process, const char *line,
                   size_t size) {
    double gone_s = 0;
    close_one(&process->in);
    close_one(&process->lifeline);
    while (pump(process, &line, &size) && !(gone_s > 0 && now_s() > gone_s + DRAIN_S)) {
        watch(process, WNOHANG);
        if (!process->supervisor && !(gone_s > 0))
            gone_s = now_s();
    }
    while (process->supervisor)
        watch(process, 0);
    fill_ended(ended, process);
}

/* Pumps until the child has ended (false) or, with want_line, has said a line (true). */
static bool converse(struct bench_ended *ended, struct bench_process *process, const char *line,
                     bool want_line, double limit_s, const struct bench_stop *stop) {
    double end_s = now_s() + limit_s;
    size_t size = strlen(line), seen = 0;
    bool running = true;
    enum bench_end how = BENCH_END_EXIT;
    while (running && how == BENCH_END_EXIT) {
        running = pump(process, &line, &size);
        if (want_line && process->output.size > seen &&
            memchr(process->output.bytes + seen, '\n', process->output.size - seen))
            return true;
        seen = process->output.size;
        if (process->output.size > BENCH_OUTPUT_LIMIT || process->output.failed)
            how = BENCH_END_OUTPUT;
        else if (stop && stop->wanted(stop->data))
            how = BENCH_END_CANCELED;
        else if (limit_s > 0 && now_s() > end_s)
            how = BENCH_END_TIME;
        watch(process, WNOHANG);
        running = running && process->supervisor && !process->tampered;
    }
    size = 0;
    bool by_itself = process->reported || process->tampered;
    finish(ended, process, line, size);
    if (process->output.size > BENCH_OUTPUT_LIMIT || process->output.failed)
        how = BENCH_END_OUTPUT;
    if (how != BENCH_END_EXIT && (!by_itself || how == BENCH_END_OUTPUT))
        ended->how = how;
    return false;
}

void bench_process_wait(struct bench_ended *ended, struct bench_process *process, double limit_s,
                        const struct bench_stop *stop) {
    close_one(&process->in);
    converse(ended, process, "", false, limit_s, stop);
}

bool bench_process_ask(char **answer, struct bench_ended *ended, struct bench_process *process,
                       const char *line, double limit_s, const struct bench_stop *stop) {
    char *request = bench_text_of("%s\n", line);
    bool answered = false;
    *answer = NULL;
    if (request)
        answered = converse(ended, process, request, true, limit_s, stop);
    else
        bench_process_wait(ended, process, 1e-3, NULL);
    free(request);
    if (!answered)
        return false;
    char *end = strchr(process->output.bytes, '\n');
    char *first = end ? end : process->output.bytes + process->output.size;
    *first = 0;
    *answer = bench_text_of("%s", process->output.bytes);
    /* One line was asked for; what came with it was not. */
    bench_text_free(&process->output);
    return true;
}

struct bench_log *bench_process_log(struct bench_process *process) {
    return &process->log;
}

const struct bench_text *bench_process_output(const struct bench_process *process) {
    return &process->output;
}

void bench_process_free(struct bench_process *process) {
    struct bench_ended ended;
    if (!process)
        return;
    if (process->supervisor)
        finish(&ended, process, "", 0);
    close_one(&process->in);
    close_one(&process->out);
    close_one(&process->err);
    close_one(&process->reports);
    close_one(&process->lifeline);
    bench_text_free(&process->output);
    free(process);
}

/* ---- words -------------------------------------------------------------------------------- */

void bench_ended_describe(char text[240], const struct bench_ended *ended, double limit_s,
                          const struct bench_log *log) {
    char line[160] = "";
    const char *name = sigabbrev_np(ended->code);
    int n = 0;
    if (log)
        bench_log_last_line(line, log);
    switch (ended->how) {
    case BENCH_END_EXIT:
        n = snprintf(text, 240, "exit code %d", ended->code);
        break;
    case BENCH_END_SIGNAL:
        n = snprintf(text, 240, "ended by SIG%s", name ? name : "NAL");
        break;
    case BENCH_END_TIME:
        n = snprintf(text, 240, "ran longer than %g s and was killed", limit_s);
        break;
    case BENCH_END_OUTPUT:
        n = snprintf(text, 240, "printed more than %d MiB and was killed",
                     BENCH_OUTPUT_LIMIT / 1024 / 1024);
        break;
    case BENCH_END_CANCELED:
        n = snprintf(text, 240, "was stopped");
        break;
    case BENCH_END_TAMPERED:
        n = snprintf(text, 240,
                     "stopped or killed the process that watches over it, and was killed");
        break;
    case BENCH_END_NONE:
        n = snprintf(text, 240, "cannot be started: %s", strerror(ended->code));
        break;
    }
    if (line[0] && ended->how != BENCH_END_NONE && n < 200)
        snprintf(text + n, 240 - (size_t)n, ": %s", line);
}
