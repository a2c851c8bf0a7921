/* figures.h - what the rows of a system say together, and the difference of two.
 * SPDX-License-Identifier: MIT
 *
 * results -> JSON for the report (docs/schema/report.schema.json); what is not known is null. All
 * functions return a new reference, or NULL when there is no memory. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "rows.h"

/* How many rows are expected, missing and of which status; of one system, or of all with
 * system = results->num_systems. */
json_t *bench_count_rows(const struct bench_results *results, size_t system);

/* Sums over all rows of a system that are ok: DER both ways, JER, RTF, memory. */
json_t *bench_metrics(const struct bench_results *results, size_t system);

/* Over runs and over files: {"der": SPREAD, "der_strict": SPREAD}, and of RTF a SPREAD. */
json_t *bench_der_spread(const struct bench_results *results, size_t system);
json_t *bench_rtf_spread(const struct bench_results *results, size_t system);

/* How well the number of speakers is found, in all and by how many there are. */
json_t *bench_speaker_counts(const struct bench_results *results, size_t system);

/* DER of one file, over the rows of a system that are ok; NaN: there is none, or nothing scored. */
double bench_file_der(const struct bench_results *results, size_t system, size_t file,
                      enum bench_scoring scoring);

/* Paired bootstrap of two systems, which may be of different results: an array of a comparison by
 * der and one by der_strict. Files count in which both have an ok row; what names the systems is
 * left to the caller. */
int bench_compare_systems(json_t **out, const struct bench_results *a, size_t system_a,
                          const struct bench_results *b, size_t system_b, diarist_error *err);

/* null for NaN and infinity. */
json_t *bench_number(double value);

#endif
