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

#ifdef __cplusplus
}
#endif
#endif
