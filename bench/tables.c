/* tables.c - a report as tables of texts.
 * SPDX-License-Identifier: MIT */
#include "tables.h"

#include "figures.h"
#include "text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- cells -------------------------------------------------------------------------------- */

static const char dash[] = "\xe2\x80\x93";

static json_t *new_table(const char *caption, const char *note) {
    return json_pack("{s:s,s:s?,s:[],s:[]}", "caption", caption, "note", note, "columns", "rows");
}

static void add_column(json_t *table, const char *name, bool number) {
    json_array_append_new(json_object_get(table, "columns"),
                          json_pack("{s:s,s:b}", "name", name, "number", number));
}

/* names: columns with bars between; those after a '#' hold numbers. */
static void add_columns(json_t *table, const char *names) {
    while (*names) {
        char name[64];
        bool number = *names == '#';
        size_t n = strcspn(names += number, "|");
        memcpy(name, names, n);
        name[n] = 0;
        add_column(table, name, number);
        names += n + (names[n] == '|');
    }
}

static json_t *new_row(json_t *table) {
    json_t *row = json_array();
    json_array_append_new(json_object_get(table, "rows"), row);
    return row;
}

static void put_text(json_t *row, const char *text) {
    json_array_append_new(row, json_string(text ? text : dash));
}

static void put_fixed(json_t *row, double value, int decimals) {
    char text[64];
    snprintf(text, sizeof text, "%.*f", decimals, value);
    put_text(row, isfinite(value) ? text : NULL);
}

static double number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static void put_number(json_t *row, const json_t *object, const char *key, int decimals) {
    put_fixed(row, number_of(object, key), decimals);
}

static void put_percent(json_t *row, const json_t *object, const char *key) {
    put_fixed(row, 100 * number_of(object, key), 2);
}

/* ---- the run ------------------------------------------------------------------------------ */

char *bench_report_title(const json_t *report, const struct bench_results *results) {
    const char *dataset = text_of(report, "dataset_id");
    size_t systems = results->num_systems, files = results->num_files, runs = results->num_runs;
    return bench_text_of("%s: %zu system%s, %zu file%s, %zu run%s", dataset ? dataset : "benchmark",
                         systems, systems == 1 ? "" : "s", files, files == 1 ? "" : "s", runs,
                         runs == 1 ? "" : "s");
}

static void put_fact(json_t *table, const char *name, const json_t *value) {
    json_t *row = json_is_null(value) || !value ? NULL : new_row(table);
    char *text = json_is_string(value) ? bench_text_of("%s", json_string_value(value))
                 : row                 ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
                                       : NULL;
    if (row) {
        put_text(row, name);
        put_text(row, text);
    }
    free(text);
}

static json_t *run_table(const json_t *report) {
    static const char *const facts[][2] = {{"job", "job_id"},
                                           {"created", "created_at"},
                                           {"status", "status"},
                                           {"dataset", "dataset_id"}};
    json_t *table = new_table("Run", NULL), *machine, *value;
    const char *key;
    add_columns(table, "what|value");
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        put_fact(table, facts[i][0], json_object_get(report, facts[i][1]));
    put_fact(table, "selection hash",
             json_object_get(json_object_get(report, "dataset_manifest"), "selection_hash"));
    put_fact(table, "runs", json_object_get(json_object_get(report, "run_config"), "n_runs"));
    put_fact(table, "CPU threads",
             json_object_get(json_object_get(report, "run_config"), "cpu_threads"));
    machine = json_object_get(report, "machine_fingerprint");
    json_object_foreach(machine, key, value) put_fact(table, key, value);
    return table;
}

/* ---- systems ------------------------------------------------------------------------------ */

static char *versions_of(const json_t *system) {
    struct bench_text text = {0};
    json_t *version;
    size_t i;
    json_array_foreach(json_object_get(system, "system_versions"), i, version)
        bench_text_add(&text, "%s%s", i ? ", " : "", json_string_value(version));
    return bench_text_take(&text);
}

static void put_rows_ok(json_t *row, const json_t *counts) {
    char text[64];
    snprintf(text, sizeof text, "%.0f of %.0f", number_of(counts, "ok"),
             number_of(counts, "expected"));
    put_text(row, text);
}

static json_t *systems_table(const json_t *report) {
    json_t *system, *metrics = json_object_get(report, "metrics_summary");
    size_t i;
    json_t *table = new_table(
        "Systems", "Pooled over the rows that are ok. DER: collar of 0.25 s on each side, overlap "
                   "not scored; strict: no collar, overlap scored. Missed, false alarm and "
                   "confusion are the parts of DER. With failed: rows that failed or timed out "
                   "count as all missed. RTF: wall time / duration of the audio; lower is faster.");
    add_columns(table, "system|version|#rows ok|#DER %|#missed %|#false alarm %|#confusion %|"
                       "#DER strict %|#JER strict %|#DER with failed %|#RTF|#peak MB");
    json_array_foreach(json_object_get(report, "systems"), i, system) {
        const char *id = text_of(system, "system_id");
        const json_t *one = json_object_get(metrics, id);
        const json_t *scores =
            json_object_get(json_object_get(one, "scores"), bench_scoring_keys[BENCH_COLLAR]);
        double scored = number_of(scores, "scored");
        char *versions = versions_of(system);
        json_t *row = new_row(table);
        put_text(row, id);
        put_text(row, versions && *versions ? versions : NULL);
        put_rows_ok(row, json_object_get(one, "rows"));
        put_percent(row, one, "der");
        put_fixed(row, 100 * number_of(scores, "missed") / scored, 2);
        put_fixed(row, 100 * number_of(scores, "false_alarm") / scored, 2);
        put_fixed(row, 100 * number_of(scores, "confusion") / scored, 2);
        put_percent(row, one, "der_strict");
        put_percent(row, one, "jer_strict");
        put_percent(row, one, "der_failed_as_missed");
        put_number(row, one, "rtf", 4);
        put_number(row, one, "peak_rss_mb", 0);
        free(versions);
    }
    return table;
}

/* ---- spread ------------------------------------------------------------------------------- */

static void put_summary(json_t *table, const char *id, const char *figure, const char *over,
                        const json_t *summary, double scale, int decimals) {
    static const char *const keys[] = {"mean", "median", "p95", "std"};
    if (!(number_of(summary, "n") > 0))
        return;
    json_t *row = new_row(table);
    put_text(row, id);
    put_text(row, figure);
    put_text(row, over);
    put_number(row, summary, "n", 0);
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        put_fixed(row, scale * number_of(summary, keys[k]), decimals);
}

static void put_spread(json_t *table, const char *id, const char *figure, const json_t *spread,
                       double scale, int decimals) {
    put_summary(table, id, figure, "runs", json_object_get(spread, "by_run"), scale, decimals);
    put_summary(table, id, figure, "files", json_object_get(spread, "by_file"), scale, decimals);
}

static json_t *spread_table(const json_t *report) {
    json_t *system;
    size_t i;
    json_t *table = new_table("Spread over runs and files",
                              "A run counts with its pooled figure, a file with its figure over "
                              "all runs. p95 is interpolated linearly; std is that of a sample.");
    add_columns(table, "system|figure|over|#n|#mean|#median|#p95|#std");
    json_array_foreach(json_object_get(report, "systems"), i, system) {
        const char *id = text_of(system, "system_id");
        const json_t *der = json_object_get(json_object_get(report, "der_summary"), id);
        const json_t *rtf = json_object_get(json_object_get(report, "rtf_summary"), id);
        put_spread(table, id, "DER %", json_object_get(der, "der"), 100, 2);
        put_spread(table, id, "DER strict %", json_object_get(der, "der_strict"), 100, 2);
        put_spread(table, id, "RTF", rtf, 1, 4);
    }
    return table;
}

/* ---- speakers ----------------------------------------------------------------------------- */

static void put_counts(json_t *table, const char *id, const char *speakers, const json_t *counts) {
    if (!(number_of(counts, "rows") > 0))
        return;
    json_t *row = new_row(table);
    put_text(row, id);
    put_text(row, speakers);
    put_number(row, counts, "rows", 0);
    put_fixed(row, 100 * number_of(counts, "exact"), 1);
    put_fixed(row, 100 * number_of(counts, "within_1"), 1);
    put_number(row, counts, "mae", 2);
    put_number(row, counts, "bias", 2);
}

static json_t *speakers_table(const json_t *report) {
    json_t *system, *bucket;
    size_t i, b;
    json_t *table =
        new_table("Number of speakers", "By the speakers of the reference, over the rows that are "
                                        "ok. Error: predicted minus true; mean: without its sign.");
    add_columns(table, "system|speakers|#rows|#exact %|#within 1 %|#mean error|#bias");
    json_array_foreach(json_object_get(report, "systems"), i, system) {
        const char *id = text_of(system, "system_id");
        const json_t *counts = json_object_get(json_object_get(report, "speaker_count_table"), id);
        put_counts(table, id, "all", counts);
        json_array_foreach(json_object_get(counts, "buckets"), b, bucket)
            put_counts(table, id, text_of(bucket, "speakers"), bucket);
    }
    return table;
}

/* ---- comparisons -------------------------------------------------------------------------- */

static const char *verdict_of(const json_t *comparison) {
    double low = number_of(comparison, "low"), high = number_of(comparison, "high");
    if (isnan(low) || isnan(high))
        return NULL;
    return high < 0 ? "A is better" : low > 0 ? "B is better" : "cannot be told apart";
}

static json_t *comparisons_table(const json_t *list) {
    json_t *one;
    size_t i;
    json_t *table =
        new_table("Comparisons", "Difference of pooled DER, A minus B, in points, over the files "
                                 "that both have; its 95 % interval by paired bootstrap over files "
                                 "(10,000 resamples); the share of resamples in which A is lower.");
    add_columns(table, "A|B|figure|#files|#difference|#from|#to|#A lower in %|verdict");
    json_array_foreach(list, i, one) {
        const char *metric = text_of(one, "metric");
        json_t *row = new_row(table);
        put_text(row, text_of(one, "system_a"));
        put_text(row, text_of(one, "system_b"));
        put_text(row, metric && !strcmp(metric, "der") ? "DER" : "DER strict");
        put_number(row, one, "files", 0);
        put_percent(row, one, "difference");
        put_percent(row, one, "low");
        put_percent(row, one, "high");
        put_fixed(row, 100 * number_of(one, "a_better"), 1);
        put_text(row, verdict_of(one));
    }
    return table;
}

/* ---- rows --------------------------------------------------------------------------------- */

static void note_more(json_t *table, size_t left_out) {
    char note[64];
    if (!left_out)
        return;
    snprintf(note, sizeof note, "%zu more are in report.json.", left_out);
    json_object_set_new(table, "note", json_string(note));
}

static json_t *failures_table(const json_t *report) {
    json_t *item, *table = new_table("Rows that are not ok", NULL);
    size_t i, left_out = 0;
    add_columns(table, "system|#run|file|status|error");
    json_array_foreach(json_object_get(report, "items"), i, item) {
        const char *status = text_of(item, "status");
        if (!status || !strcmp(status, "ok"))
            continue;
        if (json_array_size(json_object_get(table, "rows")) == BENCH_MOST_LINES) {
            left_out++;
            continue;
        }
        json_t *row = new_row(table);
        put_text(row, text_of(item, "system_id"));
        put_number(row, item, "run_index", 0);
        put_text(row, text_of(item, "file_id"));
        put_text(row, status);
        put_text(row, text_of(item, "error"));
    }
    note_more(table, left_out);
    return table;
}

static json_t *files_table(const json_t *report, const struct bench_results *results) {
    json_t *file, *table = new_table("DER by file (%)", NULL), *index;
    json_t *files = json_object_get(json_object_get(report, "dataset_manifest"), "files");
    const char *id;
    size_t f;
    add_columns(table, "file|#duration (s)|#speakers");
    json_object_foreach(results->systems, id, index) add_column(table, id, true);
    json_array_foreach(files, f, file) {
        if (f == BENCH_MOST_LINES)
            break;
        json_t *row = new_row(table);
        put_text(row, text_of(file, "file_id"));
        put_number(row, file, "duration", 1);
        put_number(row, file, "num_speakers", 0);
        for (size_t s = 0; s < results->num_systems; s++)
            put_fixed(row, 100 * bench_file_der(results, s, f, BENCH_COLLAR), 2);
    }
    note_more(table, json_array_size(files) - f);
    return table;
}

/* Takes the table over. */
static void append(json_t *tables, json_t *table) {
    if (json_array_size(json_object_get(table, "rows")))
        json_array_append_new(tables, table);
    else
        json_decref(table);
}

json_t *bench_report_tables(const json_t *report, const struct bench_results *results) {
    json_t *tables = json_array();
    append(tables, systems_table(report));
    append(tables, comparisons_table(json_object_get(report, "comparisons")));
    append(tables, spread_table(report));
    append(tables, speakers_table(report));
    append(tables, failures_table(report));
    append(tables, files_table(report, results));
    append(tables, run_table(report));
    return tables;
}

json_t *bench_comparison_tables(const json_t *comparison) {
    json_t *tables = json_array(), *system;
    size_t i;
    json_t *table = new_table("Systems", "Speed is of each system's own machine.");
    add_columns(table, "system|created|#rows ok|#DER %|#DER strict %|#RTF|#CPU threads|machine");
    json_array_foreach(json_object_get(comparison, "systems"), i, system) {
        const json_t *metrics = json_object_get(system, "metrics_summary");
        json_t *row = new_row(table);
        put_text(row, text_of(system, "name"));
        put_text(row, text_of(system, "created_at"));
        put_rows_ok(row, json_object_get(metrics, "rows"));
        put_percent(row, metrics, "der");
        put_percent(row, metrics, "der_strict");
        put_number(row, metrics, "rtf", 4);
        put_number(row, system, "cpu_threads", 0);
        put_text(row, text_of(system, "cpu_model"));
    }
    append(tables, table);
    append(tables, comparisons_table(json_object_get(comparison, "comparisons")));
    return tables;
}
