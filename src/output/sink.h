/* sink.h - bytes on their way to a file that appears whole or not at all.
 * SPDX-License-Identifier: MIT
 *
 * Puts never fail: the first error is kept and dr_sink_end reports it. */
#ifndef DR_OUTPUT_SINK_H
#define DR_OUTPUT_SINK_H

#include "diarist/diarist.h"

#include <stddef.h>
#include <stdint.h>

struct dr_sink {
    int fd;    /* -1: closed */
    int error; /* errno of the first failure, or 0 */
    size_t used;
    char *buffer;
    char *path;      /* of the file in the end; NULL: standard output */
    char *temporary; /* what is written until then; NULL: path itself, a device or pipe */
};

/* path "-" is standard output. A regular file, new or old, is written beside path and renamed over
 * it by dr_sink_end, keeping its permissions; a device or FIFO is written directly. */
int dr_sink_open(struct dr_sink *sink, const char *path, diarist_error *err);

void dr_sink_put(struct dr_sink *sink, const char *bytes, size_t num);
void dr_sink_text(struct dr_sink *sink, const char *text);
void dr_sink_format(struct dr_sink *sink, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Milliseconds as seconds: "12.345". ms >= 0. */
void dr_sink_seconds(struct dr_sink *sink, int64_t ms);

/* Makes what was put visible if status, that of making it, is DIARIST_OK; drops it otherwise,
 * unless it went to a device already. Returns status, or DIARIST_ERROR_OUTPUT if that failed and
 * nothing is visible. */
int dr_sink_end(struct dr_sink *sink, int status, diarist_error *err);

#endif
