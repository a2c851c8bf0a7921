/* report.c - lines on standard error.
 * SPDX-License-Identifier: MIT */
#include "report.h"
#include "report_line.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    int32_t level;
    bool wants_summary;
    bool line_is_drawn; /* a progress line stands on the terminal */
} report = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = CLI_LOG_WARNING};

void cli_report_setup(const struct cli_settings *settings) {
    bool quiet = settings->quiet || settings->log_level == CLI_LOG_ERROR;
    report.level = settings->quiet ? CLI_LOG_ERROR : settings->log_level;
    report.wants_summary = !quiet && (report.level >= CLI_LOG_INFO || isatty(STDERR_FILENO));
    cli_progress_setup(settings);
}

bool cli_report_wants_summary(void) {
    return report.wants_summary;
}

void cli_report_lock(void) {
    pthread_mutex_lock(&report.lock);
}

void cli_report_unlock(void) {
    pthread_mutex_unlock(&report.lock);
}

void cli_report_draw(const char *line) {
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    report.line_is_drawn = true;
}

void cli_report_clear(void) {
    if (report.line_is_drawn)
        fputs("\r\033[K", stderr);
    report.line_is_drawn = false;
}

/* One line whatever a file name holds. */
static void put_clean(const char *text) {
    for (; *text; text++)
        putc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, stderr);
}

static const char *shown_name(const char *subject) {
    return strcmp(subject, "-") ? subject : "standard input";
}

static void say(const char *kind, const char *subject, const char *format, va_list args) {
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    cli_report_lock();
    cli_report_clear();
    fputs("diarist: ", stderr);
    fputs(kind, stderr);
    if (subject) {
        put_clean(shown_name(subject));
        fputs(": ", stderr);
    }
    put_clean(text);
    putc('\n', stderr);
    fflush(stderr);
    cli_report_unlock();
}

#define SAY(threshold, kind)              \
    if (report.level >= (threshold)) {    \
        va_list args;                     \
        va_start(args, format);           \
        say(kind, subject, format, args); \
        va_end(args);                     \
    }

void cli_error(const char *subject, const char *format, ...) {
    SAY(CLI_LOG_ERROR, "")
}

void cli_warning(const char *subject, const char *format, ...) {
    SAY(CLI_LOG_WARNING, "warning: ")
}

void cli_info(const char *subject, const char *format, ...) {
    SAY(CLI_LOG_INFO, "")
}

void cli_debug(const char *subject, const char *format, ...) {
    SAY(CLI_LOG_DEBUG, "")
}

void cli_summary(const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cli_report_lock();
    cli_report_clear();
    put_clean(text);
    putc('\n', stderr);
    cli_report_unlock();
}

static int exit_code(int status) {
    switch (status) {
    case DIARIST_OK:
        return CLI_EXIT_DONE;
    case DIARIST_ERROR_ARGUMENT:
        return CLI_EXIT_USAGE;
    case DIARIST_ERROR_INPUT:
        return CLI_EXIT_INPUT;
    case DIARIST_ERROR_MODEL:
        return CLI_EXIT_MODEL;
    case DIARIST_ERROR_MEMORY:
    case DIARIST_ERROR_LIMIT:
        return CLI_EXIT_LIMIT;
    default:
        return CLI_EXIT_SOME_FAILED;
    }
}

/* The message without the name that it begins with. The library cuts long names, and may name a
 * file in the folder that was given: those stay. */
static const char *without_name(const char *message, const char *subject, bool *is_named) {
    const char *name = shown_name(subject);
    size_t n = strlen(name);
    *is_named = (n >= 120 && !strncmp(message, name, 120)) ||
                (n < 120 && !strncmp(message, name, n) && message[n] == '/');
    if (n >= 120 || strncmp(message, name, n) || !strchr(": ", message[n]))
        return message;
    return message + n + strspn(message + n, ": ");
}

int cli_fail(const char *subject, const diarist_error *err) {
    bool is_named = false;
    if (err->status == DIARIST_ERROR_CANCELED)
        return CLI_EXIT_INTERRUPTED;
    const char *message = subject ? without_name(err->message, subject, &is_named) : err->message;
    cli_error(is_named ? NULL : subject, "%s", message);
    return exit_code(err->status);
}

int cli_fail_memory(void) {
    cli_error(NULL, "out of memory; give fewer inputs at a time");
    return CLI_EXIT_LIMIT;
}

int cli_set_error(diarist_error *err, int status, const char *message) {
    err->status = status;
    snprintf(err->message, sizeof err->message, "%s", message);
    return status;
}

int cli_set_memory_error(diarist_error *err) {
    return cli_set_error(err, DIARIST_ERROR_MEMORY, "out of memory; give fewer --jobs");
}

double cli_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

const char *cli_clock(char out[32], double seconds) {
    long whole = seconds < 0 ? 0 : seconds > 1e9 ? 1000000000L : (long)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(out, 32, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, 32, "%ld:%02ld", whole / 60, whole % 60);
    return out;
}
