/* log.c - what a program printed, the beginning and the end of it.
 * SPDX-License-Identifier: MIT */
#include "log.h"

#include "text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static size_t min(size_t a, size_t b) {
    return a < b ? a : b;
}

void bench_log_add(struct bench_log *log, const char *bytes, size_t size) {
    size_t first = min(size, BENCH_LOG_HALF - log->head_size);
    memcpy(log->head + log->head_size, bytes, first);
    log->head_size += first;
    for (bytes += first, size -= first; size > 0;) {
        size_t at = log->num_after % BENCH_LOG_HALF;
        size_t part = min(size, BENCH_LOG_HALF - at);
        memcpy(log->tail + at, bytes, part);
        log->num_after += part;
        bytes += part;
        size -= part;
    }
}

char *bench_log_text(const struct bench_log *log, size_t *size) {
    struct bench_text text = {0};
    size_t at = log->num_after % BENCH_LOG_HALF;
    bench_text_bytes(&text, log->head, log->head_size);
    if (log->num_after > BENCH_LOG_HALF) {
        bench_text_add(&text, "\n[%zu bytes are left out here]\n", log->num_after - BENCH_LOG_HALF);
        bench_text_bytes(&text, log->tail + at, BENCH_LOG_HALF - at);
        bench_text_bytes(&text, log->tail, at);
    } else {
        bench_text_bytes(&text, log->tail, log->num_after);
    }
    if (size)
        *size = text.size;
    char *out = bench_text_take(&text);
    bench_text_free(&text);
    return out;
}

void bench_log_last_line(char line[160], const struct bench_log *log) {
    size_t size;
    char *text = bench_log_text(log, &size);
    line[0] = 0;
    while (text && size > 0 && isspace((unsigned char)text[size - 1]))
        size--;
    if (text && size > 0) {
        size_t start = size, end = size;
        while (start > 0 && text[start - 1] != '\n' && text[start - 1] != '\r')
            start--;
        end = min(end, start + 159);
        memcpy(line, text + start, end - start);
        line[end - start] = 0;
        for (char *c = line; *c; c++)
            if (iscntrl((unsigned char)*c))
                *c = ' ';
    }
    free(text);
}

void bench_log_clear(struct bench_log *log) {
    log->head_size = log->num_after = 0;
}
