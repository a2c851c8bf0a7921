/* speaker_counts.c - how well the number of speakers is found.
 * SPDX-License-Identifier: MIT */
#include "figures.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const struct bucket {
    const char *name;
    double least, most; /* speakers of the reference */
} buckets[] = {{"0", 0, 0},   {"1", 1, 1},   {"2", 2, 2},
               {"3-4", 3, 4}, {"5-7", 5, 7}, {"8+", 8, HUGE_VAL}};
enum { NUM_BUCKETS = sizeof buckets / sizeof buckets[0] };

struct counts {
    size_t rows, exact, within_1;
    double off, bias; /* sums */
};

static bool is_known(const struct bench_row *row) {
    return row->item && row->status == BENCH_OK && !isnan(row->reference_speakers) &&
           !isnan(row->predicted_speakers);
}

static void add(struct counts *counts, const struct bench_row *row) {
    double error = row->predicted_speakers - row->reference_speakers;
    counts->rows++;
    counts->exact += fabs(error) < 0.5;
    counts->within_1 += fabs(error) < 1.5;
    counts->off += fabs(error);
    counts->bias += error;
}

static json_t *put_counts(const struct counts *counts) {
    double rows = (double)counts->rows;
    json_t *out = json_pack("{s:I}", "rows", (json_int_t)counts->rows);
    json_object_set_new(out, "exact", bench_number((double)counts->exact / rows));
    json_object_set_new(out, "within_1", bench_number((double)counts->within_1 / rows));
    json_object_set_new(out, "mae", bench_number(counts->off / rows));
    json_object_set_new(out, "bias", bench_number(counts->bias / rows));
    return out;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How often each error occurs, the smallest first. */
static json_t *put_errors(double *errors, size_t num) {
    json_t *out = json_array();
    qsort(errors, num, sizeof *errors, compare);
    for (size_t i = 0, begin = 0; i < num; i++) {
        if (i + 1 < num && errors[i + 1] - errors[i] < 0.5)
            continue;
        json_array_append_new(out, json_pack("{s:I,s:I}", "error", (json_int_t)errors[i], "rows",
                                             (json_int_t)(i + 1 - begin)));
        begin = i + 1;
    }
    return out;
}

json_t *bench_speaker_counts(const struct bench_results *results, size_t system) {
    size_t num = results->num_runs * results->num_files, num_errors = 0;
    const struct bench_row *rows = results->rows + system * num;
    double *errors = malloc((num + 1) * sizeof *errors);
    struct counts all = {0}, parts[NUM_BUCKETS] = {{0}};
    if (!errors)
        return NULL;
    for (size_t i = 0; i < num; i++) {
        if (!is_known(&rows[i]))
            continue;
        add(&all, &rows[i]);
        errors[num_errors++] = rows[i].predicted_speakers - rows[i].reference_speakers;
        for (size_t b = 0; b < NUM_BUCKETS; b++)
            if (rows[i].reference_speakers >= buckets[b].least &&
                rows[i].reference_speakers <= buckets[b].most)
                add(&parts[b], &rows[i]);
    }
    json_t *out = put_counts(&all), *list = json_array();
    for (size_t b = 0; b < NUM_BUCKETS; b++) {
        json_t *part = put_counts(&parts[b]);
        json_object_set_new(part, "speakers", json_string(buckets[b].name));
        json_array_append_new(list, part);
    }
    json_object_set_new(out, "buckets", list);
    json_object_set_new(out, "errors", put_errors(errors, num_errors));
    free(errors);
    return out;
}
