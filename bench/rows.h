/* rows.h - what a run has found, a row for each recording of each system and run.
 * SPDX-License-Identifier: MIT
 *
 * items.jsonl or a report's items -> rows -> results [systems x runs x files]
 * docs/decisions/006-benchmark.md says what a row is. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "diarist/score.h"

#include <jansson.h>

enum bench_status { BENCH_OK, BENCH_FAILED, BENCH_TIMEOUT, BENCH_UNREADABLE, BENCH_NUM_STATUSES };
extern const char *const bench_status_names[BENCH_NUM_STATUSES];

/* The two ways of scoring: the headline, and everything scored. */
enum bench_scoring { BENCH_COLLAR, BENCH_STRICT, BENCH_NUM_SCORINGS };
extern const char *const bench_scoring_keys[BENCH_NUM_SCORINGS]; /* in a row's scores */

/* One recording of one system and run. Numbers that are not known are NaN. */
struct bench_row {
    enum bench_status status;
    double duration_s, wall_s, cpu_s, peak_rss_mb;
    double reference_speakers, predicted_speakers;
    diarist_score scores[BENCH_NUM_SCORINGS]; /* seconds and Jaccard errors */
    json_t *item;                             /* borrowed; NULL: the row is not there */
};

/* Everything that systems, runs and files have in common. */
struct bench_results {
    json_t *items;           /* an array that the rows borrow from */
    json_t *systems, *files; /* objects: id -> index, in order */
    size_t num_systems, num_runs, num_files;
    struct bench_row *rows; /* [num_systems][num_runs][num_files] */
};

/* Takes its own reference to items. system_ids, file_ids: arrays of strings, each once. A row that
 * comes again replaces the one before. DIARIST_ERROR_INPUT names the row, counted from 1, that is
 * none or is of no such system, run or file. */
int bench_results_new(struct bench_results **out, json_t *items, json_t *system_ids,
                      size_t num_runs, json_t *file_ids, diarist_error *err);
void bench_results_free(struct bench_results *results);

const struct bench_row *bench_results_row(const struct bench_results *results, size_t system,
                                          size_t run, size_t file);

#endif
