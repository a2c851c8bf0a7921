/* source.h - the files of a folder or an archive, one after another.
 * SPDX-License-Identifier: MIT
 *
 * Nothing is written but where bench_entry_save is told to: names inside a source are never taken
 * as paths. */
#ifndef BENCH_SOURCE_H
#define BENCH_SOURCE_H

#include "folder.h"

#include <stdint.h>

struct bench_entry {
    const char *path; /* inside the source: UTF-8, '/' between folders */
    uint64_t size;    /* bytes, as the source says */
    struct bench_source *source;
};

/* Called for each plain file; may save it, once. */
typedef int bench_entry_fn(void *data, struct bench_entry *entry, diarist_error *err);

/* Walks through a folder, with the folders in it, by name, or through an archive (tar, zip; packed
 * by gzip, bzip2, xz or zstd) in its order. Hidden files are passed over; links and devices of an
 * archive too, and named in skipped. DIARIST_ERROR_INPUT: it cannot be read, or is unsafe: a path
 * that leads out of it, over 200000 entries, or much more inside than its size allows. */
int bench_source_walk(const char *path, bench_entry_fn *take, void *data,
                      struct bench_names *skipped, diarist_error *err);

/* The entry's bytes to a new file: a hard link where source and file system allow it, else a copy.
 * DIARIST_ERROR_INPUT: they are broken, or more than limit. DIARIST_ERROR_OUTPUT. */
int bench_entry_save(struct bench_entry *entry, const char *to, uint64_t limit, diarist_error *err);

#endif
