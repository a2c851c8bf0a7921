/* tables.h - a report as tables of texts, which the pages lay out.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_TABLES_H
#define BENCH_TABLES_H

#include "rows.h"

/* How many lines the tables of failed rows and of files have at most. */
enum { BENCH_MOST_LINES = 200 };

/* [{"caption", "note" or null, "columns": [{"name", "number": bool}], "rows": [["text", ...]]}], a
 * new reference, or NULL when there is no memory. Figures have as many decimals as their column;
 * what is not known is a dash. Tables without a row are left out. */
json_t *bench_report_tables(const json_t *report, const struct bench_results *results);

/* The same of what diarist_bench_compare finds. */
json_t *bench_comparison_tables(const json_t *comparison);

/* "voxconverse: 3 systems, 20 files, 2 runs", to be freed; NULL when there is no memory. */
char *bench_report_title(const json_t *report, const struct bench_results *results);

#endif
