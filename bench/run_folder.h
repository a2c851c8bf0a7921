/* run_folder.h - where a run keeps what it has found, so that it can end at any time and go on.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_RUN_FOLDER_H
#define BENCH_RUN_FOLDER_H

#include "diarist/diarist.h"

#include <jansson.h>
#include <stdbool.h>

struct bench_run_folder {
    char *path;
    int items;    /* items.jsonl, locked against another run in this folder */
    json_t *done; /* "SYSTEM/RUN/FILE_ID" -> true */
};

/* Opens or makes a run's folder. A run that is there is gone on with when its specification is this
 * one and its data are the same (selection_hash); otherwise DIARIST_ERROR_ARGUMENT. retry: rows
 * that are not ok are measured again; the new one comes behind and counts (rows.h). job_id: of a
 * new run; NULL: one is made. Writes
 * spec.json and manifest.json.
 * DIARIST_ERROR_INPUT: what is there is broken; DIARIST_ERROR_OUTPUT: cannot be written, or another
 * process runs in it. */
int bench_run_folder_open(struct bench_run_folder **out, const char *path, const json_t *spec,
                          const json_t *manifest, const char *job_id, bool retry,
                          diarist_error *err);
void bench_run_folder_close(struct bench_run_folder *folder);

bool bench_run_folder_has(const struct bench_run_folder *folder, const char *system_id,
                          json_int_t run, const char *file_id);
/* Adds a row; it is on the disk when this returns. */
int bench_run_folder_add(struct bench_run_folder *folder, const json_t *row, diarist_error *err);

/* A document of the folder. */
int bench_run_folder_write(const struct bench_run_folder *folder, const char *name,
                           const json_t *document, diarist_error *err);
/* NULL: it is not there, or broken. */
json_t *bench_run_folder_read(const struct bench_run_folder *folder, const char *name);

/* PATH/KIND/SYSTEM/RUN/FILE_ID.EXTENSION, whose folder is made; NULL and *err. */
char *bench_run_folder_place(const struct bench_run_folder *folder, const char *kind,
                             const char *system_id, json_int_t run, const char *file_id,
                             const char *extension, diarist_error *err);

#endif
