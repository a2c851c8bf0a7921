/* error.h - one line of text for whoever called.
 * SPDX-License-Identifier: MIT */
#ifndef DR_BASE_ERROR_H
#define DR_BASE_ERROR_H

#include "diarist/diarist.h"

/* Fills *err unless it is NULL and returns status: `return dr_fail(err, DIARIST_ERROR_INPUT, ...)`.
 * The message is "what is wrong; what to do", without a newline; longer ones are cut. */
int dr_fail(diarist_error *err, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The one message for a failed allocation. */
int dr_fail_memory(diarist_error *err);

#endif
