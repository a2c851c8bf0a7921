/* mapped_file.h - a whole file, read-only, as memory.
 * SPDX-License-Identifier: MIT */
#ifndef DR_BASE_MAPPED_FILE_H
#define DR_BASE_MAPPED_FILE_H

#include <stddef.h>

struct dr_mapped_file {
    const unsigned char *data; /* page aligned; NULL for an empty file */
    size_t size;
};

/* 0, or -1 with errno set (EISDIR for a directory). */
int dr_mapped_file_open(struct dr_mapped_file *out, const char *path);
void dr_mapped_file_close(struct dr_mapped_file *file); /* a zeroed one allowed */

/* Says that read-only, file-backed memory will hardly be read again: its pages need no longer be
 * kept in memory. They stay readable. */
void dr_mapped_file_forget(const void *data, size_t size);

#endif
