/* bench.h - the benchmark protocol: diarization systems on datasets, measured alike, in one report.
 * SPDX-License-Identifier: MIT
 *
 * dataset + specification -> run (a folder) -> report -> page, publication
 *
 * What goes in and comes out is JSON text; docs/decisions/006-benchmark.md and docs/schema say of
 * which form. A text that a function hands out is the caller's to free(). The conventions of
 * diarist.h hold here. */
#ifndef DIARIST_BENCH_H
#define DIARIST_BENCH_H

#include "diarist/diarist.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where things are. Strings are borrowed. */
typedef struct diarist_bench_settings {
    size_t struct_size;          /* set by diarist_bench_settings_init */
    const char *datasets_file;   /* a JSON list of datasets; NULL: the folders of datasets_root */
    const char *datasets_root;   /* default "data/datasets" */
    const char *environments;    /* folder for the environments of systems; default "data/venvs" */
    const char *program;         /* of the system `diarist`; NULL: its rows fail with a reason */
    int32_t default_cpu_threads; /* of specifications that do not say; 0: all of this process */
} diarist_bench_settings;

/* Sets every field to its default. Never fails. */
DIARIST_API void diarist_bench_settings_init(diarist_bench_settings *settings);

/* ---- reports ------------------------------------------------------------------------------ */

/* Makes the report of a run's folder, finished or not (docs/schema/report.schema.json).
 * DIARIST_ERROR_INPUT: it is none, or a file in it is damaged; the message says which, and where.
 */
DIARIST_API int diarist_bench_report(char **json, const char *run_dir, diarist_error *err);

/* The same of a folder, or reads a report or publication from a file. */
DIARIST_API int diarist_bench_report_load(char **report, const char *path, diarist_error *err);

/* A report, or one inside a publication, as "json", "markdown" or "html": one page that needs no
 * other file. */
DIARIST_API int diarist_bench_report_format(char **text, const char *report, const char *format,
                                            diarist_error *err);

/* Makes the report of a run's folder and puts it there: report.json, report.md, report.html. */
DIARIST_API int diarist_bench_report_write(const char *run_dir, diarist_error *err);

/* Compares each system of two or more reports [num] with those of the others, by paired bootstrap
 * over files; as "json" or "markdown". DIARIST_ERROR_INPUT: they are of different selections, or of
 * one job. */
DIARIST_API int diarist_bench_compare(char **text, const char *const *reports, size_t num,
                                      const char *format, diarist_error *err);

#ifdef __cplusplus
}
#endif
#endif
