/* folder.h - what lies in a folder, and names of paths.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include "diarist/diarist.h"

#include <stdbool.h>
#include <stddef.h>

struct bench_names {
    char **names; /* [num], in order of their bytes */
    size_t num, capacity;
};

/* The names in a folder, but hidden ones (those that begin with a dot). *names begins as zeros.
 * DIARIST_ERROR_INPUT: it is not there or cannot be read. */
int bench_folder_names(struct bench_names *names, const char *path, diarist_error *err);
/* Adds a copy at the end. */
int bench_names_add(struct bench_names *names, const char *name, diarist_error *err);
void bench_names_sort(struct bench_names *names);
void bench_names_free(struct bench_names *names);

/* What can stand in a JSON document. */
bool bench_is_utf8(const char *text);

bool bench_is_folder(const char *path);
/* Also through a link. */
bool bench_is_file(const char *path);

/* given as an absolute path, to be freed: from folder where it is relative; folder NULL: from where
 * the program runs. Links are not followed. NULL when there is no memory. */
char *bench_path_from(const char *folder, const char *given);
/* The absolute folder that path lies in, to be freed. */
char *bench_path_folder(const char *path);
/* What follows the last slash; points into path. */
const char *bench_path_name(const char *path);
/* Where the extension begins: its dot, or the end where there is none. Points into name. */
const char *bench_extension(const char *name);
/* Whether it ends with ".EXTENSION", in letters of any case. */
bool bench_has_extension(const char *name, const char *extension);

#endif
