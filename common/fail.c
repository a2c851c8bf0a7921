/* fail.c - one line of text for whoever called.
 * SPDX-License-Identifier: MIT */
#include "common/fail.h"

#include <stdarg.h>
#include <stdio.h>

int common_fail(diarist_error *err, int status, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
        /* A message stays one line whatever a file name or a dataset's id held. */
        for (char *c = err->message; *c; c++)
            if ((unsigned char)*c < ' ')
                *c = '?';
    }
    return status;
}

int common_fail_memory(diarist_error *err) {
    return common_fail(err, DIARIST_ERROR_MEMORY, "out of memory; close other programs");
}
