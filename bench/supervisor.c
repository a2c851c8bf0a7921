/* supervisor.c - starts a child, waits for it, ends whatever it leaves.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILL_S = 5 };
enum { IN, OUT, ERR, REPORTS, LIFELINE, NUM_DESCRIPTORS };

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The five descriptors at 0 to 4, and no others: a lifeline that another child holds open would
 * keep that one's supervisor waiting. */
static int place_descriptors(const struct bench_supervised *s) {
    int from[NUM_DESCRIPTORS] = {s->in, s->out, s->err, s->reports, s->lifeline};
    for (int i = 0; i < NUM_DESCRIPTORS; i++)
        if ((from[i] = fcntl(from[i], F_DUPFD, NUM_DESCRIPTORS)) < 0)
            return -1;
    for (int i = 0; i < NUM_DESCRIPTORS; i++)
        if (dup2(from[i], i) < 0)
            return -1;
    fcntl(REPORTS, F_SETFD, FD_CLOEXEC);
    fcntl(LIFELINE, F_SETFD, FD_CLOEXEC);
    if (syscall(SYS_close_range, NUM_DESCRIPTORS, ~0u, 0) < 0) {
        struct rlimit limit;
        rlim_t end =
            getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 65536 ? 65536 : limit.rlim_cur;
        for (int fd = NUM_DESCRIPTORS; fd < (int)end; fd++)
            close(fd);
    }
    return 0;
}

/* Signals as a program expects them; SIGCHLD interrupts ppoll() and nothing else. */
static void on_child(int signal) {
    (void)signal;
}

static void set_signals(sigset_t *while_waiting) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t blocked;
    sigemptyset(&action.sa_mask);
    for (int signal = 1; signal < NSIG; signal++)
        sigaction(signal, &action, NULL);
    action.sa_handler = on_child;
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(while_waiting);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static void send_report(const struct bench_supervisor_report *report) {
    ssize_t n;
    do {
        n = write(REPORTS, report, sizeof *report);
    } while (n < 0 && errno == EINTR);
}

static _Noreturn void become(const struct bench_supervised *s, const sigset_t *signals) {
    struct bench_supervisor_report report = {.ended = true};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* where somebody kills the supervisor */
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, signals, NULL);
    if (!s->processors || !sched_setaffinity(0, sizeof *s->processors, s->processors))
        execvpe(s->argv[0], s->argv, s->environment);
    report.error = errno;
    send_report(&report);
    _exit(127);
}

void bench_kill_listed(const char *path) {
    char list[2048];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, list, sizeof list - 1);
    if (fd >= 0)
        close(fd);
    list[size > 0 ? size : 0] = 0;
    for (char *at = list, *end; *at; at = end) {
        long pid = strtol(at, &end, 10);
        /* A number that was cut off at the end is another process's. */
        if (end == at || !*end)
            break;
        kill((pid_t)pid, SIGKILL);
        while (*end == ' ')
            end++;
    }
}

/* Kills and waits for all that is left; the child's own end may be among it. Gives up on what
 * cannot be killed, and where the kernel does not list children on what left the child's group. */
static void end_all(pid_t child, int *wait_status) {
    struct timespec moment = {.tv_nsec = 2000000};
    kill(-child, SIGKILL);
    for (double end_s = now_s() + KILL_S; now_s() < end_s;) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended == child)
            *wait_status = status;
        if (ended < 0 && errno != EINTR)
            return;
        if (ended == 0) {
            /* Their children become its own and are killed by the next call. */
            bench_kill_listed("/proc/thread-self/children");
            nanosleep(&moment, NULL);
        }
    }
}

/* Until the child has ended, or the lifeline has. */
static void wait_for_end(pid_t child, int *wait_status, const sigset_t *while_waiting) {
    struct pollfd lifeline = {.fd = LIFELINE, .events = POLLIN};
    for (;;) {
        int status;
        pid_t ended;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended == child) {
                *wait_status = status;
                return;
            }
        }
        if (ppoll(&lifeline, 1, NULL, while_waiting) > 0)
            return;
    }
}

_Noreturn void bench_supervise(const struct bench_supervised *s) {
    struct bench_supervisor_report report = {0};
    struct rusage used;
    sigset_t while_waiting;
    set_signals(&while_waiting);
    setsid();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (place_descriptors(s))
        _exit(127); /* no report: this program says that it could not be started */
    double started_s = now_s();
    pid_t child = fork();
    if (child == 0)
        become(s, &while_waiting);
    if (child < 0) {
        report.ended = true;
        report.error = errno;
        send_report(&report);
        _exit(127);
    }
    setpgid(child, child);
    report.child = child;
    send_report(&report);
    report.ended = true;
    close(IN);
    close(OUT);
    close(ERR);
    wait_for_end(child, &report.wait_status, &while_waiting);
    report.wall_s = now_s() - started_s;
    end_all(child, &report.wait_status);
    getrusage(RUSAGE_CHILDREN, &used);
    report.cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    report.peak_mb = (double)used.ru_maxrss / 1024;
    send_report(&report);
    _exit(0);
}
