/* log.h - what a program printed, at most 64 KiB of it: the beginning and the end.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_LOG_H
#define BENCH_LOG_H

#include <stddef.h>

enum { BENCH_LOG_HALF = 32 * 1024 };

/* Begins as zeros. */
struct bench_log {
    char head[BENCH_LOG_HALF]; /* [head_size] */
    char tail[BENCH_LOG_HALF]; /* the last bytes after those, as a ring */
    size_t head_size;
    size_t num_after; /* bytes that came after the head, kept or not */
};

void bench_log_add(struct bench_log *log, const char *bytes, size_t size);
/* Everything that is kept, with a line that says how much is not, to be freed; size may be NULL.
 * NULL: no memory. */
char *bench_log_text(const struct bench_log *log, size_t *size);
/* The last line that is not blank, without control characters; empty when there is none. */
void bench_log_last_line(char line[160], const struct bench_log *log);
void bench_log_clear(struct bench_log *log);

#endif
