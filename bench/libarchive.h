/* libarchive.h - libarchive, loaded when the first archive is opened.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_LIBARCHIVE_H
#define BENCH_LIBARCHIVE_H

#include "diarist/diarist.h"

#include <archive.h>
#include <archive_entry.h>

/* Its functions, by their names without "archive_". */
#define BENCH_ARCHIVE_FUNCTIONS(F) \
    F(error_string)                \
    F(entry_is_encrypted)          \
    F(entry_size_is_set)           \
    F(entry_size)                  \
    F(entry_pathname_utf8)         \
    F(entry_filetype)              \
    F(entry_hardlink)              \
    F(read_new)                    \
    F(read_support_filter_gzip)    \
    F(read_support_filter_bzip2)   \
    F(read_support_filter_xz)      \
    F(read_support_filter_zstd)    \
    F(read_support_format_tar)     \
    F(read_support_format_zip)     \
    F(read_set_options)            \
    F(read_open_filename)          \
    F(read_next_header)            \
    F(read_data)                   \
    F(read_free)

struct bench_archive_library {
#define BENCH_ARCHIVE_FIELD(name) __typeof__(archive_##name) *name;
    BENCH_ARCHIVE_FUNCTIONS(BENCH_ARCHIVE_FIELD)
#undef BENCH_ARCHIVE_FIELD
};

/* Loaded by the first call, for all threads and for good. NULL: it cannot be, for the reason in
 * err. */
const struct bench_archive_library *bench_archive_library(diarist_error *err);

#endif
