/* report.h - a run's folder -> its report, and a report that was written before.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "diarist/bench.h"
#include "rows.h"

#define BENCH_REPORT_SCHEMA "diarist-bench-report/1"
#define BENCH_PUBLICATION_SCHEMA "diarist-bench-publication/1"

enum { BENCH_JSON_LIMIT = 1 << 30 }; /* bytes of a file that is read */

/* A new reference to the report of a text: one by itself or in a publication. */
int bench_report_parse(json_t **report, const char *text, diarist_error *err);

/* The rows of a report. */
int bench_report_results(struct bench_results **out, const json_t *report, diarist_error *err);

/* Report -> page, to be freed. */
int bench_report_markdown(char **text, const json_t *report, diarist_error *err);
int bench_report_html(char **text, const json_t *report, diarist_error *err);

#endif
