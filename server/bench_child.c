/* bench_child.c - `diarist bench run` as a child.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "bench_child.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HELD = 3 }; /* its number in the child */

static void close_one(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Signals as a program expects them, in a group of its own: who interrupts this service at a
 * terminal does not mean the child. */
static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    return posix_spawnattr_setsigmask(attributes, &none) ||
           posix_spawnattr_setsigdefault(attributes, &all) ||
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
}

static int spawn(pid_t *pid, char *const *arguments, int in, int out, int held) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int wrong = posix_spawn_file_actions_init(&actions);
    if (wrong)
        return wrong;
    wrong = posix_spawnattr_init(&attributes);
    if (!wrong) {
        wrong = set_attributes(&attributes) ||
                        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) ||
                        posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO) ||
                        posix_spawn_file_actions_adddup2(&actions, held, HELD) ||
                        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null",
                                                         O_WRONLY, 0) ||
                        posix_spawn_file_actions_addclosefrom_np(&actions, HELD + 1)
                    ? ENOMEM
                    : posix_spawn(pid, "/proc/self/exe", &actions, &attributes, arguments, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return wrong;
}

int server_bench_child_start(struct server_bench_child *child, char *const *arguments, int held) {
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    child->used = 0;
    child->is_skipping = false;
    /* A socket: writing to a child that has ended raises no signal when asked not to. */
    int wrong =
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) || pipe2(out, O_CLOEXEC) ? errno : 0;
    if (!wrong)
        wrong = spawn(&child->pid, arguments, in[1], out[1], held);
    close_one(&in[1]);
    close_one(&out[1]);
    if (wrong) {
        close_one(&in[0]);
        close_one(&out[0]);
    }
    child->in = in[0];
    child->out = out[0];
    return wrong;
}

/* The first line of what has come into child->line. false: none has come whole. */
static bool take_line(struct server_bench_child *child) {
    char *end = memchr(child->buffer, '\n', child->used);
    bool is_whole = end && !child->is_skipping;
    if (!end && child->used < sizeof child->buffer)
        return false;
    child->is_skipping = !end;
    size_t n = end ? (size_t)(end - child->buffer) : child->used;
    memcpy(child->line, child->buffer, is_whole ? n : 0);
    child->line[is_whole ? n : 0] = 0;
    child->used -= end ? n + 1 : n;
    memmove(child->buffer, end ? end + 1 : child->buffer, child->used);
    return is_whole;
}

const char *server_bench_child_line(struct server_bench_child *child, int wait_ms) {
    struct pollfd output = {.fd = child->out, .events = POLLIN};
    if (take_line(child))
        return child->line;
    if (poll(&output, 1, wait_ms) <= 0)
        return "";
    ssize_t n = read(child->out, child->buffer + child->used, sizeof child->buffer - child->used);
    if (!n || (n < 0 && errno != EINTR))
        return NULL;
    child->used += n > 0 ? (size_t)n : 0;
    return take_line(child) ? child->line : "";
}

void server_bench_child_go_on(struct server_bench_child *child) {
    if (child->in >= 0)
        send(child->in, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void server_bench_child_stop(struct server_bench_child *child) {
    close_one(&child->in);
}

int server_bench_child_end(struct server_bench_child *child, double seconds) {
    const struct timespec moment = {.tv_nsec = 10000000};
    double deadline = server_ticks() + seconds;
    int status = 0;
    close_one(&child->in);
    close_one(&child->out);
    while (waitpid(child->pid, &status, WNOHANG) == 0) {
        if (server_ticks() > deadline)
            kill(child->pid, SIGKILL);
        nanosleep(&moment, NULL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
