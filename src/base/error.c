/* error.c - one line of text for whoever called.
 * SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int dr_fail(diarist_error *err, int status, const char *format, ...) {
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
        /* A message stays one line whatever a file name or tensor name held. */
        for (char *c = err->message; *c; c++)
            if ((unsigned char)*c < ' ')
                *c = '?';
    }
    return status;
}

int dr_fail_memory(diarist_error *err) {
    return dr_fail(err, DIARIST_ERROR_MEMORY,
                   "out of memory; try a shorter recording or --threads 1");
}
