/* selection.h - which recordings of a dataset are measured, and against which references.
 * SPDX-License-Identifier: MIT
 *
 * audio_dir, rttm_dir, uem_dir -> what belongs together, by id -> files, in order of their ids
 *                                                              -> what belongs to nothing
 *                                                              -> hash, statistics */
#ifndef BENCH_SELECTION_H
#define BENCH_SELECTION_H

#include "dataset.h"

#include <jansson.h>

/* A recording with its reference. An id inside a file is the one of its lines: a file may hold the
 * references of many recordings, or name the only one differently. */
struct bench_file {
    char *file_id;        /* of the recording: no other selected file has it */
    char *audio;          /* path */
    char *rttm, *rttm_id; /* path, id inside; NULL where no reference can be read */
    char *uem, *uem_id;   /* path, id inside; NULL: all of the recording is scored */
    double duration_s;    /* of the recording; 0: unknown */
    size_t num_speakers;  /* of the reference */
    char hash[65];        /* SHA-256 in hex: of the reference's turns, the UEM's regions, and the
                             recording's size and blocks (probe.h), not of any name */
    char *problem;        /* NULL, or one line: why it cannot be measured (status unreadable) */
};

struct bench_selection {
    struct bench_file *files; /* in order of file_id (bytes) */
    size_t num_files;
    char hash[65]; /* SHA-256 in hex of ids and hashes: the same for the same data anywhere */
    /* The report's dataset_manifest, and "files" beside it: what manifest.json holds. Only "files"
     * has paths in it. */
    json_t *manifest;
};

/* Matches what lies in the dataset's folders; the first limit_files by id are selected (0: all).
 * What is wrong with single files is told in the manifest and in their `problem`.
 * DIARIST_ERROR_INPUT: a folder cannot be read, or nothing in them belongs together. */
int bench_select(struct bench_selection **out, const struct bench_dataset *dataset,
                 size_t limit_files, diarist_error *err);
/* The same, but that nothing belongs together is a selection of no files. */
int bench_select_any(struct bench_selection **out, const struct bench_dataset *dataset,
                     size_t limit_files, diarist_error *err);
void bench_selection_free(struct bench_selection *selection);

#endif
