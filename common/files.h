/* files.h - what writes files has in common: all of a text, complete under its name or not at all;
 * folders.
 * SPDX-License-Identifier: MIT
 *
 * All return 0 or an errno. */
#ifndef COMMON_FILES_H
#define COMMON_FILES_H

#include <stddef.h>

int common_write_all(int fd, const char *text, size_t size);

/* Through a new file beside path that is renamed, so that nothing partial is ever seen under its
 * name. */
int common_write_beside(const char *path, const char *text, size_t size);

/* Makes a folder and those above it, as mkdir -p. */
int common_make_directories(const char *path);

#endif
