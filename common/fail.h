/* fail.h - one line of text for whoever called.
 * SPDX-License-Identifier: MIT */
#ifndef COMMON_FAIL_H
#define COMMON_FAIL_H

#include "diarist/diarist.h"

/* Fills *err unless it is NULL and returns status. The message is "what is wrong; what to do",
 * without a newline; longer ones are cut. */
int common_fail(diarist_error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The one message for a failed allocation. */
int common_fail_memory(diarist_error *err);

#endif
