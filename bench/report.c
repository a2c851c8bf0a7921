/* report.c - a run's folder -> its report.
 * SPDX-License-Identifier: MIT
 *
 * spec.json ------> run_config, systems, number of runs --+
 * manifest.json --> dataset_manifest, files --------------+--> results --> figures --> report
 * items.jsonl ----> rows ---------------------------------+
 * machine.json ---> machine_fingerprint */
#include "report.h"

#include "common/fail.h"
#include "figures.h"
#include "files.h"
#include "json_out.h"
#include "statistics.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a run's folder ----------------------------------------------------------------------- */

struct folder {
    const char *path;
    json_t *spec, *manifest, *machine;
    json_t *items; /* as they stand in items.jsonl */
};

static void close_folder(struct folder *folder) {
    json_decref(folder->spec);
    json_decref(folder->manifest);
    json_decref(folder->machine);
    json_decref(folder->items);
}

static int read_object(json_t **out, const char *folder, const char *name, diarist_error *err) {
    char *path = bench_text_of("%s/%s", folder, name), *text = NULL;
    json_error_t wrong;
    size_t size;
    int status =
        path ? bench_file_read(&text, &size, path, BENCH_JSON_LIMIT, err) : common_fail_memory(err);
    if (!status) {
        *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
        if (!json_is_object(*out))
            status =
                common_fail(err, DIARIST_ERROR_INPUT, "%s: line %d: %s; give the folder of a run",
                            path, *out ? 1 : wrong.line, *out ? "is no JSON object" : wrong.text);
    }
    free(text);
    free(path);
    return status;
}

/* A last line without its end was being written when the run was stopped: it does not count. */
static int parse_lines(json_t *items, const char *text, const char *path, diarist_error *err) {
    size_t number = 1;
    const char *end;
    for (; (end = strchr(text, '\n')); text = end + 1, number++) {
        json_error_t wrong;
        json_t *item = json_loadb(text, (size_t)(end - text), JSON_REJECT_DUPLICATES, &wrong);
        if (!json_is_object(item)) {
            json_decref(item);
            return common_fail(err, DIARIST_ERROR_INPUT, "%s: line %zu: %s; remove the line", path,
                               number, item ? "is no JSON object" : wrong.text);
        }
        if (json_array_append_new(items, item))
            return common_fail_memory(err);
    }
    return DIARIST_OK;
}

static int read_items(json_t **out, const char *folder, diarist_error *err) {
    char *path = bench_text_of("%s/items.jsonl", folder), *text = NULL;
    int status = path && (*out = json_array()) ? DIARIST_OK : common_fail_memory(err);
    /* A run that has just begun has none. */
    if (!status && (!access(path, F_OK) || errno != ENOENT)) {
        status = bench_file_read(&text, NULL, path, BENCH_JSON_LIMIT, err);
        if (!status)
            status = parse_lines(*out, text, path, err);
    }
    free(text);
    free(path);
    return status;
}

static int open_folder(struct folder *folder, const char *path, diarist_error *err) {
    *folder = (struct folder){.path = path};
    int status = read_object(&folder->spec, path, "spec.json", err);
    if (!status)
        status = read_object(&folder->manifest, path, "manifest.json", err);
    if (!status)
        status = read_object(&folder->machine, path, "machine.json", err);
    if (!status)
        status = read_items(&folder->items, path, err);
    return status;
}

/* ---- rows --------------------------------------------------------------------------------- */

/* The values of one key of a list of objects. */
static json_t *pluck(const json_t *list, const char *key) {
    json_t *out = json_array(), *one;
    size_t i;
    json_array_foreach(list, i, one) {
        json_t *value = json_object_get(one, key);
        json_array_append(out, value ? value : json_null());
    }
    return out;
}

static int make_results(struct bench_results **out, json_t *items, const json_t *spec,
                        const json_t *manifest, diarist_error *err) {
    const json_t *systems = json_object_get(spec, "systems");
    const json_t *files = json_object_get(manifest, "files");
    json_int_t num_runs = json_integer_value(json_object_get(spec, "n_runs"));
    *out = NULL;
    if (!json_is_array(systems) || num_runs < 1)
        return common_fail(err, DIARIST_ERROR_INPUT,
                           "its specification lacks systems or n_runs; run it again");
    if (!json_is_array(files))
        return common_fail(err, DIARIST_ERROR_INPUT, "its manifest lacks files; run it again");
    json_t *system_ids = pluck(systems, "system_id"), *file_ids = pluck(files, "file_id");
    int status = bench_results_new(out, items, system_ids, (size_t)num_runs, file_ids, err);
    json_decref(system_ids);
    json_decref(file_ids);
    return status;
}

int bench_report_results(struct bench_results **out, const json_t *report, diarist_error *err) {
    return make_results(out, json_object_get(report, "items"),
                        json_object_get(report, "run_config"),
                        json_object_get(report, "dataset_manifest"), err);
}

/* ---- report ------------------------------------------------------------------------------- */

static const char *status_of(const json_t *rows) {
    if (json_integer_value(json_object_get(rows, "missing")))
        return "incomplete";
    return json_integer_value(json_object_get(rows, "ok")) ? "completed" : "failed";
}

/* The versions that the rows name, in order of appearance: more than one when a run was resumed
 * after an update. */
static json_t *put_versions(const struct bench_results *results, size_t system) {
    size_t num = results->num_runs * results->num_files;
    json_t *out = json_array(), *seen = json_object();
    for (size_t i = 0; i < num; i++) {
        json_t *item = results->rows[system * num + i].item;
        json_t *version = json_object_get(item, "system_version");
        const char *name = json_string_value(version);
        if (name && !json_object_get(seen, name)) {
            json_object_set_new(seen, name, json_true());
            json_array_append(out, version);
        }
    }
    json_decref(seen);
    return out;
}

static void put_systems(json_t *report, const struct bench_results *results) {
    json_t *systems = json_array(), *metrics = json_object(), *der = json_object();
    json_t *rtf = json_object(), *counts = json_object(), *index;
    const char *id;
    json_object_foreach(results->systems, id, index) {
        size_t system = (size_t)json_integer_value(index);
        json_array_append_new(systems, json_pack("{s:s,s:o}", "system_id", id, "system_versions",
                                                 put_versions(results, system)));
        json_object_set_new(metrics, id, bench_metrics(results, system));
        json_object_set_new(der, id, bench_der_spread(results, system));
        json_object_set_new(rtf, id, bench_rtf_spread(results, system));
        json_object_set_new(counts, id, bench_speaker_counts(results, system));
    }
    json_object_set_new(report, "systems", systems);
    json_object_set_new(report, "metrics_summary", metrics);
    json_object_set_new(report, "der_summary", der);
    json_object_set_new(report, "rtf_summary", rtf);
    json_object_set_new(report, "speaker_count_table", counts);
}

static int put_comparisons(json_t *report, const struct bench_results *results,
                           diarist_error *err) {
    json_t *all = json_array(), *ids = json_object_get(report, "systems");
    int status = DIARIST_OK;
    json_object_set_new(report, "comparisons", all);
    for (size_t a = 0; a < results->num_systems && !status; a++) {
        for (size_t b = a + 1; b < results->num_systems && !status; b++) {
            json_t *pair, *one;
            size_t i;
            status = bench_compare_systems(&pair, results, a, results, b, err);
            json_array_foreach(pair, i, one) {
                json_object_set(one, "system_a",
                                json_object_get(json_array_get(ids, a), "system_id"));
                json_object_set(one, "system_b",
                                json_object_get(json_array_get(ids, b), "system_id"));
                json_array_append(all, one);
            }
            json_decref(pair);
        }
    }
    return status;
}

/* What the figures mean, for whoever reads them without the documentation. */
static json_t *definitions(void) {
    return json_pack("{s:{s:f,s:b},s:{s:f,s:b},s:s,s:i,s:{s:s,s:i,s:I,s:f}}", "der", "collar", 0.25,
                     "skip_overlap", 1, "der_strict", "collar", 0.0, "skip_overlap", 0, "p95",
                     "linear interpolation", "std_ddof", 1, "bootstrap", "method",
                     "paired over files, percentile", "resamples", BENCH_RESAMPLES, "seed",
                     (json_int_t)BENCH_SEED, "interval", BENCH_INTERVAL);
}

/* Without paths: of a file its id, length and speakers. */
static json_t *public_manifest(json_t *manifest) {
    static const char *const keys[] = {"file_id", "duration", "num_speakers"};
    json_t *out = json_copy(manifest), *files = json_array(), *file;
    size_t i;
    json_array_foreach(json_object_get(manifest, "files"), i, file) {
        json_t *one = json_object();
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            json_t *value = json_object_get(file, keys[k]);
            json_object_set(one, keys[k], value ? value : json_null());
        }
        json_array_append_new(files, one);
    }
    json_object_set_new(out, "files", files);
    return out;
}

static json_t *items_in_order(const struct bench_results *results) {
    json_t *out = json_array();
    size_t num = results->num_systems * results->num_runs * results->num_files;
    for (size_t i = 0; i < num; i++)
        if (results->rows[i].item)
            json_array_append(out, results->rows[i].item);
    return out;
}

static void put_or_null(json_t *report, const char *key, json_t *value) {
    json_object_set(report, key, value ? value : json_null());
}

/* A run without a name of its own is named after its folder. */
static void put_job(json_t *report, const struct folder *folder, const char *run_dir) {
    json_t *job_id = json_object_get(folder->spec, "job_id");
    const char *slash = strrchr(run_dir, '/');
    if (job_id)
        json_object_set(report, "job_id", job_id);
    else
        json_object_set_new(report, "job_id", json_string(slash ? slash + 1 : run_dir));
    put_or_null(report, "created_at", json_object_get(folder->spec, "created_at"));
}

static int make_report(json_t **out, const struct folder *folder, diarist_error *err) {
    struct bench_results *results;
    char *run_dir = realpath(folder->path, NULL);
    json_t *report = json_object();
    int status = make_results(&results, folder->items, folder->spec, folder->manifest, err);
    if (!run_dir || !report)
        status = common_fail_memory(err);
    if (!status) {
        json_object_set_new(report, "schema", json_string(BENCH_REPORT_SCHEMA));
        put_job(report, folder, run_dir);
        json_t *rows = bench_count_rows(results, results->num_systems);
        json_object_set_new(report, "status", json_string(status_of(rows)));
        put_or_null(report, "dataset_id", json_object_get(folder->spec, "dataset_id"));
        json_object_set_new(report, "rows", rows);
        json_object_set_new(report, "definitions", definitions());
        put_systems(report, results);
        status = put_comparisons(report, results, err);
        json_object_set(report, "run_config", folder->spec);
        json_object_set_new(report, "dataset_manifest", public_manifest(folder->manifest));
        json_object_set(report, "machine_fingerprint", folder->machine);
        json_object_set_new(report, "artifact_paths", json_pack("{s:s}", "run_dir", run_dir));
        json_object_set_new(report, "items", items_in_order(results));
    }
    bench_results_free(results);
    free(run_dir);
    if (status) {
        json_decref(report);
        return status;
    }
    *out = report;
    return DIARIST_OK;
}

int diarist_bench_report(char **json, const char *run_dir, diarist_error *err) {
    struct folder folder;
    json_t *report = NULL;
    *json = NULL;
    int status = open_folder(&folder, run_dir, err);
    if (!status)
        status = make_report(&report, &folder, err);
    if (!status)
        status = bench_json_out(json, json_incref(report), err);
    json_decref(report);
    close_folder(&folder);
    return status;
}

int bench_report_parse(json_t **report, const char *text, diarist_error *err) {
    json_error_t wrong;
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, &wrong);
    json_t *inner = json_object_get(document, "report");
    json_t *within = inner ? inner : document;
    const char *schema = json_string_value(json_object_get(within, "schema"));
    *report = NULL;
    if (!document)
        return common_fail(err, DIARIST_ERROR_INPUT, "line %d: %s; give a report", wrong.line,
                           wrong.text);
    if (schema && !strcmp(schema, BENCH_REPORT_SCHEMA))
        *report = json_incref(within);
    json_decref(document);
    return *report ? DIARIST_OK
                   : common_fail(err, DIARIST_ERROR_INPUT,
                                 "is no report (its schema is not " BENCH_REPORT_SCHEMA
                                 "); make one with diarist bench report");
}

int diarist_bench_report_format(char **text, const char *report, const char *format,
                                diarist_error *err) {
    json_t *parsed;
    *text = NULL;
    int status = bench_report_parse(&parsed, report, err);
    if (status)
        return status;
    if (!strcmp(format, "json"))
        status = bench_json_out(text, json_incref(parsed), err);
    else if (!strcmp(format, "markdown"))
        status = bench_report_markdown(text, parsed, err);
    else if (!strcmp(format, "html"))
        status = bench_report_html(text, parsed, err);
    else
        status = common_fail(err, DIARIST_ERROR_ARGUMENT,
                             "'%s' is no format of a report; give json, markdown or html", format);
    json_decref(parsed);
    return status;
}

int diarist_bench_report_load(char **report, const char *path, diarist_error *err) {
    struct stat st;
    json_t *parsed;
    char *text;
    *report = NULL;
    if (!stat(path, &st) && S_ISDIR(st.st_mode))
        return diarist_bench_report(report, path, err);
    int status = bench_file_read(&text, NULL, path, BENCH_JSON_LIMIT, err);
    if (status)
        return status;
    status = bench_report_parse(&parsed, text, err);
    if (!status)
        status = bench_json_out(report, json_incref(parsed), err);
    free(text);
    json_decref(parsed);
    return status;
}

int diarist_bench_report_write(const char *run_dir, diarist_error *err) {
    static const struct {
        const char *format, *name;
    } files[] = {{"json", "report.json"}, {"markdown", "report.md"}, {"html", "report.html"}};
    char *report;
    int status = diarist_bench_report(&report, run_dir, err);
    for (size_t i = 0; i < sizeof files / sizeof *files && !status; i++) {
        char *path = bench_text_of("%s/%s", run_dir, files[i].name), *text = NULL;
        status = path ? diarist_bench_report_format(&text, report, files[i].format, err)
                      : common_fail_memory(err);
        if (!status)
            status = bench_file_write(path, text, strlen(text), err);
        free(text);
        free(path);
    }
    free(report);
    return status;
}
