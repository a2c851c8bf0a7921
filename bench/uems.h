/* uems.h - which parts of recordings are scored: the UEM files of a folder.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_UEMS_H
#define BENCH_UEMS_H

#include "folder.h"

#include "diarist/score.h"

struct bench_uem_file {
    char *path, *stem;
    diarist_uem *uem;
    char *problem; /* NULL; else why it cannot be read */
};

struct bench_uem_key;

struct bench_uems {
    struct bench_uem_file *files; /* in order of their names */
    size_t num;
    struct bench_uem_key *keys; /* what files are found by, sorted */
    size_t num_keys;
};

/* Reads every NAME.uem of a folder; NULL: there is none. DIARIST_ERROR_INPUT: the folder cannot be
 * read. */
int bench_uems_read(struct bench_uems **out, const char *folder, diarist_error *err);
void bench_uems_free(struct bench_uems *uems);

/* The file that has lines of the id, or is of one recording and named like the id; a file that is
 * named like it goes first, then by name. NULL: none. *lines: the id of its lines, lives as long as
 * uems; NULL where the file is unreadable. */
const struct bench_uem_file *bench_uems_find(const char **lines, const struct bench_uems *uems,
                                             const char *id);

#endif
