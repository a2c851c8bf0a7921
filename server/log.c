/* log.c - lines of the log.
 * SPDX-License-Identifier: MIT */
#include "log.h"

#include "clock.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const levels[] = {"error", "warning", "info"};
static size_t least = 2; /* of them */

static size_t rank_of(const char *level) {
    size_t rank = 0;
    while (rank < 2 && strcmp(levels[rank], level))
        rank++;
    return rank;
}

void server_log_least(const char *level) {
    least = rank_of(level);
}

void server_log(const char *level, const char *event, const char *format, ...) {
    char when[SERVER_TIME_SIZE];
    va_list arguments;
    if (rank_of(level) > least)
        return;
    va_start(arguments, format);
    json_t *line = json_pack("{s:s,s:s,s:s}", "time", server_time_text(when, server_clock()),
                             "level", level, "event", event);
    json_t *more = json_vpack_ex(NULL, 0, format, arguments);
    va_end(arguments);
    if (line && more)
        json_object_update(line, more);
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    if (text)
        fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(more);
    json_decref(line);
}
