/* figures.c - what the rows of a system say together.
 * SPDX-License-Identifier: MIT
 *
 * Pooled figures are sums of seconds divided by sums of seconds, so that long files count more. */
#include "figures.h"

#include "common/fail.h"
#include "statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

json_t *bench_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *bench_count_rows(const struct bench_results *results, size_t system) {
    size_t first = system, end = system + 1, counts[BENCH_NUM_STATUSES] = {0}, missing = 0;
    if (system == results->num_systems)
        first = 0, end = system;
    size_t a_system = results->num_runs * results->num_files;
    for (size_t i = first * a_system; i < end * a_system; i++) {
        if (results->rows[i].item)
            counts[results->rows[i].status]++;
        else
            missing++;
    }
    json_t *out = json_pack("{s:I,s:I}", "expected", (json_int_t)((end - first) * a_system),
                            "missing", (json_int_t)missing);
    for (int s = 0; s < BENCH_NUM_STATUSES && out; s++)
        json_object_set_new(out, bench_status_names[s], json_integer((json_int_t)counts[s]));
    return out;
}

/* ---- over all rows ------------------------------------------------------------------------ */

struct sums {
    diarist_score scores[BENCH_NUM_SCORINGS];
    double lost[BENCH_NUM_SCORINGS]; /* seconds of reference in rows that failed */
    double duration_s, wall_s, cpu_s, peak_rss_mb;
};

static void add_ok(struct sums *sums, const struct bench_row *row) {
    for (int s = 0; s < BENCH_NUM_SCORINGS; s++)
        diarist_score_pool(&sums->scores[s], &row->scores[s]);
    sums->duration_s += row->duration_s;
    sums->wall_s += row->wall_s;
    sums->cpu_s += row->cpu_s;
    sums->peak_rss_mb = fmax(sums->peak_rss_mb, row->peak_rss_mb);
}

/* Seconds of the reference that are scored in a file, as any row of any system knows them. */
static double reference_seconds(const struct bench_results *results, size_t file, int scoring) {
    for (size_t s = 0; s < results->num_systems; s++) {
        for (size_t r = 0; r < results->num_runs; r++) {
            const struct bench_row *row = bench_results_row(results, s, r, file);
            if (row->item && !isnan(row->scores[scoring].scored_s))
                return row->scores[scoring].scored_s;
        }
    }
    return NAN;
}

static size_t sum_up(struct sums *sums, const struct bench_results *results, size_t system) {
    size_t num_ok = 0;
    *sums = (struct sums){.peak_rss_mb = NAN};
    for (size_t r = 0; r < results->num_runs; r++) {
        for (size_t f = 0; f < results->num_files; f++) {
            const struct bench_row *row = bench_results_row(results, system, r, f);
            if (row->item && row->status == BENCH_OK) {
                add_ok(sums, row);
                num_ok++;
            } else if (row->item && row->status != BENCH_UNREADABLE) {
                for (int s = 0; s < BENCH_NUM_SCORINGS; s++)
                    sums->lost[s] += reference_seconds(results, f, s);
            }
        }
    }
    return num_ok;
}

/* Without a row that is ok nothing is known: null, not a sum of nothing. */
static json_t *known(double value, size_t num_ok) {
    return bench_number(num_ok ? value : (double)NAN);
}

static json_t *put_scores(const struct sums *sums, size_t num_ok) {
    json_t *out = json_object();
    for (int s = 0; s < BENCH_NUM_SCORINGS && out; s++) {
        const diarist_score *score = &sums->scores[s];
        diarist_score with_lost = *score;
        with_lost.scored_s += sums->lost[s];
        with_lost.missed_s += sums->lost[s];
        json_t *one = json_object();
        json_object_set_new(one, "scored", known(score->scored_s, num_ok));
        json_object_set_new(one, "missed", known(score->missed_s, num_ok));
        json_object_set_new(one, "false_alarm", known(score->false_alarm_s, num_ok));
        json_object_set_new(one, "confusion", known(score->confusion_s, num_ok));
        json_object_set_new(one, "der", known(diarist_score_der(score), num_ok));
        json_object_set_new(one, "jer", known(diarist_score_jer(score), num_ok));
        json_object_set_new(one, "der_failed_as_missed",
                            bench_number(diarist_score_der(&with_lost)));
        json_object_set_new(out, bench_scoring_keys[s], one);
    }
    return out;
}

json_t *bench_metrics(const struct bench_results *results, size_t system) {
    struct sums sums;
    size_t num_ok = sum_up(&sums, results, system);
    json_t *out = json_object(), *scores = put_scores(&sums, num_ok);
    static const char *const figures[] = {"der", "jer", "der_failed_as_missed"};
    static const char *const strict_figures[] = {"der_strict", "jer_strict",
                                                 "der_strict_failed_as_missed"};
    const json_t *headline = json_object_get(scores, bench_scoring_keys[BENCH_COLLAR]);
    const json_t *strict = json_object_get(scores, bench_scoring_keys[BENCH_STRICT]);
    json_object_set_new(out, "rows", bench_count_rows(results, system));
    for (int i = 0; i < 3; i++) {
        json_object_set(out, figures[i], json_object_get(headline, figures[i]));
        json_object_set(out, strict_figures[i], json_object_get(strict, figures[i]));
    }
    json_object_set_new(out, "scores", scores);
    json_object_set_new(out, "rtf", known(sums.wall_s / sums.duration_s, num_ok));
    json_object_set_new(out, "cpu_rtf", known(sums.cpu_s / sums.duration_s, num_ok));
    json_object_set_new(out, "audio_s", known(sums.duration_s, num_ok));
    json_object_set_new(out, "wall_s", known(sums.wall_s, num_ok));
    json_object_set_new(out, "cpu_s", known(sums.cpu_s, num_ok));
    json_object_set_new(out, "peak_rss_mb", known(sums.peak_rss_mb, num_ok));
    return out;
}

/* ---- over runs and files ------------------------------------------------------------------ */

/* What is divided by what; the first two are scorings. */
enum ratio { DER_COLLAR = BENCH_COLLAR, DER_STRICT = BENCH_STRICT, RTF };

struct fraction {
    double above, below;
    size_t num_rows;
};

static void add_row(struct fraction *sum, const struct bench_row *row, enum ratio ratio) {
    if (!row->item || row->status != BENCH_OK)
        return;
    const diarist_score *score = ratio == RTF ? NULL : &row->scores[ratio];
    sum->above += score ? score->missed_s + score->false_alarm_s + score->confusion_s : row->wall_s;
    sum->below += score ? score->scored_s : row->duration_s;
    sum->num_rows++;
}

static double value_of(const struct fraction *sum) {
    return sum->below > 0 ? sum->above / sum->below : (double)NAN;
}

static struct fraction of_run(const struct bench_results *results, size_t system, size_t run,
                              enum ratio ratio) {
    struct fraction sum = {0};
    for (size_t f = 0; f < results->num_files; f++)
        add_row(&sum, bench_results_row(results, system, run, f), ratio);
    return sum;
}

static struct fraction of_file(const struct bench_results *results, size_t system, size_t file,
                               enum ratio ratio) {
    struct fraction sum = {0};
    for (size_t r = 0; r < results->num_runs; r++)
        add_row(&sum, bench_results_row(results, system, r, file), ratio);
    return sum;
}

double bench_file_der(const struct bench_results *results, size_t system, size_t file,
                      enum bench_scoring scoring) {
    struct fraction sum = of_file(results, system, file, (enum ratio)scoring);
    return value_of(&sum);
}

/* The largest of a file's values minus the smallest; NaN with fewer than two. */
static double range_of(const struct bench_results *results, size_t system, size_t file,
                       enum ratio ratio) {
    double least = NAN, most = NAN;
    size_t num = 0;
    for (size_t r = 0; r < results->num_runs; r++) {
        struct fraction one = {0};
        add_row(&one, bench_results_row(results, system, r, file), ratio);
        double value = value_of(&one);
        num += !isnan(value);
        least = fmin(least, value);
        most = fmax(most, value);
    }
    return num > 1 ? most - least : (double)NAN;
}

static json_t *put_summary(double *values, size_t num) {
    struct bench_summary summary;
    bench_summarize(&summary, values, num);
    json_t *out = json_pack("{s:I}", "n", (json_int_t)summary.num);
    json_object_set_new(out, "mean", bench_number(summary.mean));
    json_object_set_new(out, "median", bench_number(summary.median));
    json_object_set_new(out, "p95", bench_number(summary.p95));
    json_object_set_new(out, "std", bench_number(summary.std));
    return out;
}

/* How far the runs of one file lie apart. */
static json_t *put_stability(const struct bench_results *results, size_t system, enum ratio ratio) {
    size_t repeated = 0, differ = 0;
    double most = NAN;
    for (size_t f = 0; f < results->num_files; f++) {
        double range = range_of(results, system, f, ratio);
        repeated += !isnan(range);
        differ += range > 1e-9;
        most = fmax(most, range);
    }
    json_t *out = json_pack("{s:I,s:I}", "files_repeated", (json_int_t)repeated,
                            "files_that_differ", (json_int_t)differ);
    json_object_set_new(out, "max_difference", bench_number(most));
    return out;
}

static json_t *put_spread(const struct bench_results *results, size_t system, enum ratio ratio) {
    size_t most = results->num_runs > results->num_files ? results->num_runs : results->num_files;
    double *values = malloc((most + 1) * sizeof *values);
    json_t *out = json_object(), *runs = json_array();
    struct fraction all = {0};
    if (!values) {
        json_decref(out);
        json_decref(runs);
        return NULL;
    }
    for (size_t r = 0; r < results->num_runs; r++) {
        struct fraction one = of_run(results, system, r, ratio);
        values[r] = value_of(&one);
        all.above += one.above;
        all.below += one.below;
        json_t *run =
            json_pack("{s:I,s:I}", "run_index", (json_int_t)r, "rows_ok", (json_int_t)one.num_rows);
        json_object_set_new(run, "pooled", bench_number(values[r]));
        json_array_append_new(runs, run);
    }
    json_object_set_new(out, "pooled", bench_number(value_of(&all)));
    json_object_set_new(out, "by_run", put_summary(values, results->num_runs));
    for (size_t f = 0; f < results->num_files; f++) {
        struct fraction one = of_file(results, system, f, ratio);
        values[f] = value_of(&one);
    }
    json_object_set_new(out, "by_file", put_summary(values, results->num_files));
    json_object_set_new(out, "runs", runs);
    json_object_set_new(out, "stability", put_stability(results, system, ratio));
    free(values);
    return out;
}

json_t *bench_der_spread(const struct bench_results *results, size_t system) {
    json_t *out = json_object();
    json_object_set_new(out, "der", put_spread(results, system, DER_COLLAR));
    json_object_set_new(out, "der_strict", put_spread(results, system, DER_STRICT));
    return out;
}

json_t *bench_rtf_spread(const struct bench_results *results, size_t system) {
    return put_spread(results, system, RTF);
}

/* ---- two systems -------------------------------------------------------------------------- */

/* The mean over the rows of a file that are ok; none: not a pair. */
static size_t pair_up(struct bench_pair *pairs, const struct bench_results *a, size_t system_a,
                      const struct bench_results *b, size_t system_b, enum ratio ratio,
                      const char **unlike) {
    const char *id;
    json_t *index;
    size_t num = 0;
    *unlike = NULL;
    json_object_foreach(a->files, id, index) {
        const json_t *other = json_object_get(b->files, id);
        if (!other)
            continue;
        struct fraction of_a = of_file(a, system_a, (size_t)json_integer_value(index), ratio);
        struct fraction of_b = of_file(b, system_b, (size_t)json_integer_value(other), ratio);
        double na = (double)of_a.num_rows, nb = (double)of_b.num_rows;
        if (!of_a.num_rows || !of_b.num_rows || isnan(of_a.above) || isnan(of_b.above))
            continue;
        pairs[num++] = (struct bench_pair){of_a.above / na, of_b.above / nb, of_a.below / na};
        if (fabs(of_a.below / na - of_b.below / nb) > 0.01)
            *unlike = id;
    }
    return num;
}

static json_t *put_difference(const char *metric, const struct bench_difference *difference) {
    json_t *out =
        json_pack("{s:s,s:I}", "metric", metric, "files", (json_int_t)difference->num_files);
    json_object_set_new(out, "difference", bench_number(difference->difference));
    json_object_set_new(out, "low", bench_number(difference->low));
    json_object_set_new(out, "high", bench_number(difference->high));
    json_object_set_new(out, "a_better", bench_number(difference->a_better));
    json_object_set_new(out, "equal", bench_number(difference->equal));
    return out;
}

int bench_compare_systems(json_t **out, const struct bench_results *a, size_t system_a,
                          const struct bench_results *b, size_t system_b, diarist_error *err) {
    struct bench_pair *pairs = malloc((a->num_files + 1) * sizeof *pairs);
    int status = pairs ? DIARIST_OK : common_fail_memory(err);
    *out = json_array();
    for (int ratio = DER_COLLAR; ratio <= DER_STRICT && !status; ratio++) {
        struct bench_difference difference;
        const char *unlike;
        size_t num = pair_up(pairs, a, system_a, b, system_b, (enum ratio)ratio, &unlike);
        if (unlike)
            status =
                common_fail(err, DIARIST_ERROR_INPUT,
                            "%s: its reference is not the same in both; run both again", unlike);
        if (!status)
            status = bench_bootstrap(&difference, pairs, num, err);
        if (!status)
            json_array_append_new(
                *out, put_difference(ratio == DER_COLLAR ? "der" : "der_strict", &difference));
    }
    free(pairs);
    if (status) {
        json_decref(*out);
        *out = NULL;
    }
    return status;
}
