/* files.h - whole files: read, and written so that nothing partial is ever seen under their name.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_FILES_H
#define BENCH_FILES_H

#include "diarist/diarist.h"

/* Whether a path leads to a regular file: every file that is read goes through here first, since a
 * pipe or device might keep its reader for ever. DIARIST_ERROR_INPUT: it does not. */
int bench_file_check(const char *path, diarist_error *err);

/* The bytes of a file and a zero behind them, to be freed; size may be NULL. DIARIST_ERROR_INPUT:
 * it cannot be read or is larger than limit. */
int bench_file_read(char **text, size_t *size, const char *path, size_t limit, diarist_error *err);

/* Through a new file beside it, renamed into place. DIARIST_ERROR_OUTPUT: it cannot be written. */
int bench_file_write(const char *path, const char *text, size_t size, diarist_error *err);

/* Makes a folder and those above it, where they are not there. DIARIST_ERROR_OUTPUT. */
int bench_make_directories(const char *path, diarist_error *err);

#endif
