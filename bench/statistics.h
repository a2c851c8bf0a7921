/* statistics.h - what many figures say together.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_STATISTICS_H
#define BENCH_STATISTICS_H

#include "diarist/diarist.h"

/* NaN where there are too few values to say. */
struct bench_summary {
    size_t num;
    double mean, median;
    double p95; /* linear between the two nearest values (Hyndman and Fan's definition 7, numpy's
                   default): at 0.95 (num - 1) in the sorted values, counted from 0 */
    double std; /* of a sample, ddof 1: NaN for a single value */
};

/* Values that are NaN are left out; the others come first in values, sorted, afterwards. */
void bench_summarize(struct bench_summary *out, double *values, size_t num);

/* One file as two systems have it: seconds of error of each, and of the reference that is scored.
 */
struct bench_pair {
    double a, b, scored;
};

enum { BENCH_RESAMPLES = 10000 };
#define BENCH_SEED 20240917ULL
#define BENCH_INTERVAL 0.95

/* The difference of pooled DER, a's minus b's: sum(a) / sum(scored) - sum(b) / sum(scored). */
struct bench_difference {
    size_t num_files;
    double difference; /* NaN: nothing is scored */
    double low, high;  /* the middle 95 % of the resamples (percentiles as p95's); NaN for fewer
                          than two files */
    double a_better;   /* share of the resamples in which a has the lower DER, */
    double equal;      /* and in which both have the same; NaN as low and high */
};

/* Paired bootstrap over files: in each of BENCH_RESAMPLES resamples as many files are drawn with
 * replacement as there are, the same for a and b. The draws are those of splitmix64 from BENCH_SEED
 * on, a file the upper 32 bits of a draw times num / 2^32; a resample in which nothing is scored is
 * drawn again. At most 2^32 - 1 files. DIARIST_ERROR_MEMORY. */
int bench_bootstrap(struct bench_difference *out, const struct bench_pair *pairs, size_t num,
                    diarist_error *err);

#endif
