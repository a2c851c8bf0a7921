/* sink.h - bytes on their way to a file that appears whole or not at all.
 * SPDX-License-Identifier: MIT
 *
 * Puts never fail: the first error is kept and dr_sink_close reports it. */
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
 * it by dr_sink_close, keeping its permissions; a device or FIFO is written directly. */
int dr_sink_open(struct dr_sink *sink, const char *path, diarist_error *err);

void dr_sink_put(struct dr_sink *sink, const char *bytes, size_t num);
void dr_sink_text(struct dr_sink *sink, const char *text);
void dr_sink_format(struct dr_sink *sink, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Milliseconds as seconds: "12.345". ms >= 0. */
void dr_sink_seconds(struct dr_sink *sink, int64_t ms);

/* Makes what was put visible. On failure nothing is, and DIARIST_ERROR_OUTPUT says why. */
int dr_sink_close(struct dr_sink *sink, diarist_error *err);
/* Drops what was put, unless it went to a device already. A closed sink is allowed. */
void dr_sink_discard(struct dr_sink *sink);

#endif
