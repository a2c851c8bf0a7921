/* refuse.h - the errors of the importers: DIARIST_ERROR_MODEL and what to do about it.
 * SPDX-License-Identifier: MIT */
#ifndef DR_IMPORT_REFUSE_H
#define DR_IMPORT_REFUSE_H

#include "diarist/diarist.h"

/* A file that is not what its format says. "...; the file is damaged, get it again" */
int dr_damaged(diarist_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A whole file that is not the network it should be. "...; ADVICE" */
int dr_refuse(diarist_error *err, const char *advice, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
