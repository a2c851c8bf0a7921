/* decoder.c - starts the process that decodes and reads what it says, none of which is trusted.
 * SPDX-License-Identifier: MIT
 *
 * First what is decoded in-process, in the narrow sandbox; what says that it needs ffmpeg once more
 * in the wider one. */
#define _GNU_SOURCE /* pipe2 */
#include "decoder.h"

#include "clock.h"
#include "decoder_message.h"

#include "common/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Seconds of sound that are skipped in one of waiting, at least. */
enum { SLOWEST_SKIP = 20, LEAST_FD = 10 };

struct server_decoder {
    int fd;           /* what the process says */
    pid_t child;      /* its group too; 0: reaped */
    double wait_s;    /* that it may be silent for */
    double max_s;     /* 0: no limit */
    uint64_t num;     /* samples read */
    uint32_t pending; /* samples of the message that is being read */
    bool ended;
    struct server_decoder_opened opened;
    struct server_decoder_ended end;
};

/* ---- the process ---- */

/* Ends it, unless it has ended, and what it has started; how it ended. Where this program is the
 * first of its machine, the latter are its children by then. */
static int reap(struct server_decoder *decoder) {
    int status = 0, other;
    pid_t child = decoder->child;
    if (!child)
        return 0;
    kill(-child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    while (waitpid(-child, &other, 0) > 0)
        ;
    decoder->child = 0;
    return status;
}

/* Variables that the process gets: none of the service's keys are among them. */
static void copy_environment(char **out) {
    static const char *const names[] = {"PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS"};
    extern char **environ;
    size_t num = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (char **variable = environ; *variable; variable++)
            if (!strncmp(*variable, names[i], strlen(names[i])) &&
                (*variable)[strlen(names[i])] == '=') {
                out[num++] = *variable;
                break;
            }
    out[num] = NULL;
}

/* Starts it with the file as standard input; an errno. */
static int spawn(pid_t *child, int file, int output, char **arguments) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *environment[8];
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    copy_environment(environment);
    int wrong = posix_spawn_file_actions_init(&actions);
    if (wrong)
        return wrong;
    wrong = posix_spawnattr_init(&attributes);
    if (!wrong) {
        posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
#if !defined(__SANITIZE_ADDRESS__)
        /* Libraries print what they please; the service's log is lines of JSON. */
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
#endif
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                  POSIX_SPAWN_SETPGROUP);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        wrong = posix_spawn(child, "/proc/self/exe", &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return wrong;
}

/* An end of a pipe or a file where it cannot be a standard stream of the child; -1: none free. */
static int raise_fd(int fd) {
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, LEAST_FD);
    if (fd >= 0)
        close(fd);
    return high;
}

static int start(struct server_decoder *decoder, const char *path,
                 const diarist_audio_options *options, diarist_error *err) {
    char request[200], name[] = "diarist", argument[] = SERVER_DECODER_ARGUMENT, none[] = "";
    char *raw = options->raw ? strdup(options->raw) : none;
    char *arguments[SERVER_DECODER_ARGUMENTS + 1] = {name, argument, request, raw, NULL};
    int ends[2] = {-1, -1};
    snprintf(request, sizeof request, SERVER_DECODER_REQUEST, (int)options->ffmpeg,
             (int)options->channel, options->start_s, options->duration_s, options->stall_s,
             options->max_s);
    int file = raise_fd(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    int wrong = !raw ? ENOMEM : file < 0 || pipe2(ends, O_CLOEXEC) ? errno : 0;
    int output = raise_fd(ends[1]);
    decoder->fd = raise_fd(ends[0]);
    if (!wrong && (output < 0 || decoder->fd < 0))
        wrong = EMFILE;
    if (!wrong)
        wrong = spawn(&decoder->child, file, output, arguments);
    if (wrong)
        decoder->child = 0;
    if (file >= 0)
        close(file);
    if (output >= 0)
        close(output);
    if (options->raw)
        free(raw);
    if (wrong == ENOENT)
        return common_fail(err, DIARIST_ERROR_INPUT, "the recording cannot be read: %s",
                           strerror(wrong));
    return wrong ? common_fail(err, DIARIST_ERROR_MEMORY,
                               "no process could be started to decode it: %s", strerror(wrong))
                 : DIARIST_OK;
}

/* ---- what it says ---- */

static int fail_too_long(const struct server_decoder *decoder, diarist_error *err) {
    return common_fail(err, DIARIST_ERROR_LIMIT,
                       "it is longer than the %.15g s that this service takes; send parts of it",
                       decoder->max_s);
}

/* It has ended without saying so. */
static int fail_ended(struct server_decoder *decoder, diarist_error *err) {
    int status = reap(decoder);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "decoding it was stopped: it did what decoding may not; send it as WAV");
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        return common_fail(
            err, DIARIST_ERROR_INPUT,
            "decoding it was stopped: it took too much time or memory; send it as WAV");
    return common_fail(err, DIARIST_ERROR_INPUT,
                       "what decodes it failed (%s %d); send it as WAV, or write the file again",
                       WIFSIGNALED(status) ? "signal" : "exit code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* n bytes, within the time that the process may be silent for. */
static int receive(struct server_decoder *decoder, void *bytes, size_t n, diarist_error *err) {
    double until = server_ticks() + decoder->wait_s;
    for (size_t got = 0; got < n;) {
        struct pollfd poller = {.fd = decoder->fd, .events = POLLIN};
        double left = until - server_ticks();
        int ready = poll(&poller, 1, left > 0 ? (int)ceil(left * 1000) : 0);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0) {
            reap(decoder);
            return common_fail(
                err, DIARIST_ERROR_INPUT,
                "decoding it was stopped: it gave nothing for %.0f s; send it as WAV",
                decoder->wait_s);
        }
        ssize_t part = read(decoder->fd, (char *)bytes + got, n - got);
        if (part < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (part <= 0)
            return fail_ended(decoder, err);
        got += (size_t)part;
    }
    return DIARIST_OK;
}

/* A text of the process: ended, one line. */
static void tidy(char *text, size_t size) {
    text[size - 1] = 0;
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
}

static int fail_garbled(struct server_decoder *decoder, diarist_error *err) {
    reap(decoder);
    return common_fail(err, DIARIST_ERROR_INPUT,
                       "decoding it was stopped: it said what it should not; send it as WAV");
}

/* What it says has failed. */
static int take_failure(struct server_decoder *decoder, diarist_error *err) {
    diarist_error told;
    int rc = receive(decoder, &told, sizeof told, err);
    if (rc)
        return rc;
    tidy(told.message, sizeof told.message);
    if (told.status >= DIARIST_OK || told.status < DIARIST_ERROR_CANCELED)
        return fail_garbled(decoder, err);
    *err = told;
    if (told.status == DIARIST_ERROR_LIMIT)
        return fail_too_long(decoder, err);
    /* What it may have is enough for any recording. */
    if (told.status == DIARIST_ERROR_MEMORY)
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "decoding it takes more memory than may be; send it as WAV");
    return told.status;
}

/* The next head; a failure is one already. */
static int take_head(struct server_decoder *decoder, struct server_decoder_head *head,
                     diarist_error *err) {
    int rc = receive(decoder, head, sizeof *head, err);
    return rc ? rc : head->kind == SERVER_DECODER_FAILED ? take_failure(decoder, err) : DIARIST_OK;
}

static int take_opened(struct server_decoder *decoder, diarist_error *err) {
    struct server_decoder_head head;
    struct server_decoder_opened *opened = &decoder->opened;
    int rc = take_head(decoder, &head, err);
    if (!rc && head.kind != SERVER_DECODER_OPENED)
        rc = fail_garbled(decoder, err);
    if (!rc)
        rc = receive(decoder, opened, sizeof *opened, err);
    tidy(opened->name, sizeof opened->name);
    if (!rc && (!isfinite(opened->declared_s) || opened->declared_s < 0))
        rc = fail_garbled(decoder, err);
    return rc;
}

static int take_end(struct server_decoder *decoder, diarist_error *err) {
    int rc = receive(decoder, &decoder->end, sizeof decoder->end, err);
    tidy(decoder->end.sha256, sizeof decoder->end.sha256);
    tidy(decoder->end.warning, sizeof decoder->end.warning);
    decoder->ended = !rc;
    reap(decoder);
    return rc;
}

/* Goes on to samples or the end. */
static int take_message(struct server_decoder *decoder, diarist_error *err) {
    struct server_decoder_head head;
    int rc = take_head(decoder, &head, err);
    if (rc)
        return rc;
    if (head.kind == SERVER_DECODER_ENDED)
        return take_end(decoder, err);
    if (head.kind != SERVER_DECODER_SAMPLES || !head.count || head.count > SERVER_DECODER_BLOCK)
        return fail_garbled(decoder, err);
    decoder->pending = head.count;
    return DIARIST_OK;
}

static bool are_samples(const float *samples, size_t num) {
    for (size_t i = 0; i < num; i++)
        if (!(samples[i] >= -1 && samples[i] <= 1))
            return false;
    return true;
}

int server_decoder_read(struct server_decoder *decoder, float *samples, size_t capacity,
                        size_t *num, diarist_error *err) {
    int rc = DIARIST_OK;
    *num = 0;
    if (!decoder->ended && !decoder->pending)
        rc = take_message(decoder, err);
    if (rc || decoder->ended)
        return rc;
    size_t want = decoder->pending < capacity ? decoder->pending : capacity;
    rc = receive(decoder, samples, want * sizeof *samples, err);
    if (rc)
        return rc;
    if (!are_samples(samples, want))
        return fail_garbled(decoder, err);
    decoder->pending -= (uint32_t)want;
    decoder->num += want;
    if (decoder->max_s > 0 && (double)decoder->num > decoder->max_s * DIARIST_SAMPLE_RATE + 1)
        return fail_too_long(decoder, err);
    *num = want;
    return DIARIST_OK;
}

/* ---- opening and closing ---- */

/* ffmpeg: as in diarist_audio_options. */
static int open_with(struct server_decoder **out, const char *path,
                     const diarist_audio_options *options, int32_t ffmpeg, double max_s,
                     diarist_error *err) {
    struct server_decoder *decoder = calloc(1, sizeof *decoder);
    diarist_audio_options own = *options;
    if (!decoder)
        return common_fail(err, DIARIST_ERROR_MEMORY, "out of memory");
    own.ffmpeg = ffmpeg;
    own.max_s = max_s;
    decoder->fd = -1;
    decoder->max_s = max_s;
    /* ffmpeg is waited for by the process, which then says so. */
    decoder->wait_s = 2 * options->stall_s + fmin(options->start_s, 1e6) / SLOWEST_SKIP;
    int rc = start(decoder, path, &own, err);
    if (!rc)
        rc = take_opened(decoder, err);
    if (!rc)
        *out = decoder;
    else
        server_decoder_close(decoder);
    return rc;
}

int server_decoder_open(struct server_decoder **out, const char *path,
                        const diarist_audio_options *options, double max_s, diarist_error *err) {
    *out = NULL;
    int rc = open_with(out, path, options, -1, max_s, err);
    return rc == DIARIST_ERROR_LIMIT ? open_with(out, path, options, 1, max_s, err) : rc;
}

void server_decoder_describe(struct server_decoder *decoder, diarist_audio_info *out) {
    const struct server_decoder_ended *end = &decoder->end;
    *out = (diarist_audio_info){.duration_s = (double)decoder->num / DIARIST_SAMPLE_RATE,
                                .declared_s = decoder->opened.declared_s,
                                .sample_rate = decoder->opened.sample_rate,
                                .num_channels = decoder->opened.num_channels,
                                .decoder = decoder->opened.name,
                                .sha256 = *end->sha256 ? end->sha256 : NULL,
                                .warning = *end->warning ? end->warning : NULL};
}

void server_decoder_close(struct server_decoder *decoder) {
    if (!decoder)
        return;
    reap(decoder);
    if (decoder->fd >= 0)
        close(decoder->fd);
    free(decoder);
}
