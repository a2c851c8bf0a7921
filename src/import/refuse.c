/* refuse.c - the errors of the importers: DIARIST_ERROR_MODEL and what to do about it.
 * SPDX-License-Identifier: MIT */
#include "import/refuse.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

static int fail(diarist_error *err, const char *advice, const char *format, va_list args) {
    char what[200];
    vsnprintf(what, sizeof what, format, args);
    /* Names from a file must not break the line. */
    for (char *c = what; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    return dr_fail(err, DIARIST_ERROR_MODEL, "%s; %s", what, advice);
}

int dr_damaged(diarist_error *err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fail(err, "the file is damaged, get it again", format, args);
    va_end(args);
    return DIARIST_ERROR_MODEL;
}

int dr_refuse(diarist_error *err, const char *advice, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fail(err, advice, format, args);
    va_end(args);
    return DIARIST_ERROR_MODEL;
}
