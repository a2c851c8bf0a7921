/* compare.c - systems of several reports on the same recordings.
 * SPDX-License-Identifier: MIT
 *
 * reports of one selection -> every system of one against every system of the others */
#include "report.h"

#include "common/fail.h"
#include "figures.h"
#include "json_out.h"
#include "markdown.h"
#include "tables.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct side {
    json_t *report;
    struct bench_results *results;
};

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const char *hash_of(const json_t *report) {
    return text_of(json_object_get(report, "dataset_manifest"), "selection_hash");
}

/* "JOB_ID SYSTEM_ID" */
static json_t *name_of(const struct side *side, size_t system) {
    const json_t *entry = json_array_get(json_object_get(side->report, "systems"), system);
    return json_sprintf("%s %s", text_of(side->report, "job_id"), text_of(entry, "system_id"));
}

static void put_systems(json_t *list, const struct side *side) {
    const json_t *metrics = json_object_get(side->report, "metrics_summary");
    const json_t *machine = json_object_get(side->report, "machine_fingerprint");
    const json_t *config = json_object_get(side->report, "run_config");
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(side->report, "systems"), i, entry) {
        const char *id = text_of(entry, "system_id");
        json_array_append_new(
            list, json_pack("{s:o,s:s,s:O?,s:s,s:O?,s:O?,s:O?,s:O?}", "name", name_of(side, i),
                            "job_id", text_of(side->report, "job_id"), "created_at",
                            json_object_get(side->report, "created_at"), "system_id", id,
                            "system_versions", json_object_get(entry, "system_versions"),
                            "metrics_summary", json_object_get(metrics, id), "cpu_threads",
                            json_object_get(config, "cpu_threads"), "cpu_model",
                            json_object_get(machine, "cpu_model")));
    }
}

static int compare_sides(json_t *list, const struct side *a, const struct side *b,
                         diarist_error *err) {
    int status = DIARIST_OK;
    for (size_t i = 0; i < a->results->num_systems && !status; i++) {
        for (size_t j = 0; j < b->results->num_systems && !status; j++) {
            json_t *pair, *one;
            size_t k;
            status = bench_compare_systems(&pair, a->results, i, b->results, j, err);
            json_array_foreach(pair, k, one) {
                json_object_set_new(one, "system_a", name_of(a, i));
                json_object_set_new(one, "system_b", name_of(b, j));
                json_array_append(list, one);
            }
            json_decref(pair);
        }
    }
    return status;
}

static int check_sides(const struct side *sides, size_t num, diarist_error *err) {
    for (size_t i = 0; i < num; i++) {
        const char *hash = hash_of(sides[i].report), *first = hash_of(sides[0].report);
        if (!*hash || strcmp(hash, first))
            return common_fail(err, DIARIST_ERROR_INPUT,
                               "reports 1 and %zu are of different recordings (selection hashes "
                               "%.12s and %.12s); compare reports of one selection",
                               i + 1, *first ? first : "unknown", *hash ? hash : "unknown");
        for (size_t j = 0; j < i; j++)
            if (!strcmp(text_of(sides[i].report, "job_id"), text_of(sides[j].report, "job_id")))
                return common_fail(err, DIARIST_ERROR_INPUT,
                                   "reports %zu and %zu are of one job, %.64s; give different ones",
                                   j + 1, i + 1, text_of(sides[i].report, "job_id"));
    }
    return DIARIST_OK;
}

static int compare(json_t **out, const struct side *sides, size_t num, diarist_error *err) {
    json_t *systems = json_array(), *list = json_array();
    int status = check_sides(sides, num, err);
    *out = json_pack("{s:s,s:O?,s:s,s:o,s:o}", "schema", "diarist-bench-comparison/1", "dataset_id",
                     json_object_get(sides[0].report, "dataset_id"), "selection_hash",
                     hash_of(sides[0].report), "systems", systems, "comparisons", list);
    if (!*out)
        return status ? status : common_fail_memory(err);
    for (size_t i = 0; i < num && !status; i++) {
        put_systems(systems, &sides[i]);
        for (size_t j = i + 1; j < num && !status; j++)
            status = compare_sides(list, &sides[i], &sides[j], err);
    }
    return status;
}

static int write_comparison(char **text, json_t *comparison, const char *format,
                            diarist_error *err) {
    if (!strcmp(format, "json"))
        return bench_json_out(text, json_incref(comparison), err);
    if (strcmp(format, "markdown"))
        return common_fail(err, DIARIST_ERROR_ARGUMENT,
                           "'%s' is no format of a comparison; give json or markdown", format);
    json_t *tables = bench_comparison_tables(comparison);
    struct bench_text page = {0};
    bench_markdown_tables(&page, tables);
    json_decref(tables);
    *text = bench_text_take(&page);
    return *text ? DIARIST_OK : common_fail_memory(err);
}

int diarist_bench_compare(char **text, const char *const *reports, size_t num, const char *format,
                          diarist_error *err) {
    struct side *sides = calloc(num + 1, sizeof *sides);
    json_t *comparison = NULL;
    int status = sides ? DIARIST_OK : common_fail_memory(err);
    *text = NULL;
    if (!status && num < 2)
        status = common_fail(err, DIARIST_ERROR_ARGUMENT,
                             "a comparison needs two reports; give another");
    for (size_t i = 0; i < num && !status; i++) {
        status = bench_report_parse(&sides[i].report, reports[i], err);
        if (!status)
            status = bench_report_results(&sides[i].results, sides[i].report, err);
    }
    if (!status)
        status = compare(&comparison, sides, num, err);
    if (!status)
        status = write_comparison(text, comparison, format, err);
    json_decref(comparison);
    for (size_t i = 0; sides && i < num; i++) {
        json_decref(sides[i].report);
        bench_results_free(sides[i].results);
    }
    free(sides);
    return status;
}
