/* rows.c - what a run has found.
 * SPDX-License-Identifier: MIT */
#include "rows.h"

#include "common/fail.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SPEAKERS = 1000000 };

const char *const bench_status_names[BENCH_NUM_STATUSES] = {"ok", "failed", "timeout",
                                                            "unreadable"};
const char *const bench_scoring_keys[BENCH_NUM_SCORINGS] = {"collar_0.25_no_overlap",
                                                            "collar_0_overlap"};

/* A number that is at least 0, or NaN for null and what is not there. */
static bool get_number(double *out, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    *out = value && !json_is_null(value) ? json_number_value(value) : (double)NAN;
    return !value || json_is_null(value) || (json_is_number(value) && *out >= 0);
}

static bool get_score(diarist_score *out, const json_t *scores, const char *key) {
    const json_t *score = json_object_get(scores, key);
    double jer, speakers;
    if (score && !json_is_null(score) && !json_is_object(score))
        return false;
    bool good = get_number(&out->scored_s, score, "scored") &&
                get_number(&out->missed_s, score, "missed") &&
                get_number(&out->false_alarm_s, score, "false_alarm") &&
                get_number(&out->confusion_s, score, "confusion") &&
                get_number(&jer, score, "jer") && get_number(&speakers, score, "jer_speakers") &&
                !(speakers > MAX_SPEAKERS);
    if (good && !isnan(jer) && !isnan(speakers)) {
        out->jaccard_num = llrint(speakers);
        out->jaccard_sum = jer * speakers;
    }
    return good;
}

static bool get_status(enum bench_status *out, const json_t *item) {
    const char *status = json_string_value(json_object_get(item, "status"));
    for (int s = 0; status && s < BENCH_NUM_STATUSES; s++) {
        if (!strcmp(status, bench_status_names[s])) {
            *out = (enum bench_status)s;
            return true;
        }
    }
    return false;
}

/* NULL, or the field that is wrong. */
static const char *parse_row(struct bench_row *row, json_t *item) {
    const json_t *scores = json_object_get(item, "scores");
    row->item = item;
    if (!get_status(&row->status, item))
        return "status";
    if (scores && !json_is_null(scores) && !json_is_object(scores))
        return "scores";
    for (int s = 0; s < BENCH_NUM_SCORINGS; s++)
        if (!get_score(&row->scores[s], scores, bench_scoring_keys[s]))
            return bench_scoring_keys[s];
    const struct {
        const char *key;
        double *out;
    } numbers[] = {{"duration", &row->duration_s},
                   {"wall_s", &row->wall_s},
                   {"cpu_s", &row->cpu_s},
                   {"peak_rss_mb", &row->peak_rss_mb},
                   {"reference_speakers", &row->reference_speakers},
                   {"predicted_speakers", &row->predicted_speakers}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!get_number(numbers[i].out, item, numbers[i].key))
            return numbers[i].key;
    return NULL;
}

/* The place of a row in the results. NULL and the field that says no place. */
static struct bench_row *find_place(const struct bench_results *results, const json_t *item,
                                    const char **wrong) {
    const char *system_id = json_string_value(json_object_get(item, "system_id"));
    const char *file_id = json_string_value(json_object_get(item, "file_id"));
    const json_t *run = json_object_get(item, "run_index");
    const json_t *system = system_id ? json_object_get(results->systems, system_id) : NULL;
    const json_t *file = file_id ? json_object_get(results->files, file_id) : NULL;
    json_int_t r = json_integer_value(run);
    *wrong = !system ? "system_id" : !file ? "file_id" : "run_index";
    if (!system || !file || !json_is_integer(run) || r < 0 || (size_t)r >= results->num_runs)
        return NULL;
    size_t s = (size_t)json_integer_value(system), f = (size_t)json_integer_value(file);
    return &results->rows[(s * results->num_runs + (size_t)r) * results->num_files + f];
}

static int fill(struct bench_results *results, diarist_error *err) {
    size_t i;
    json_t *item;
    json_array_foreach(results->items, i, item) {
        const char *wrong;
        struct bench_row *row = find_place(results, item, &wrong);
        if (row)
            wrong = parse_row(row, item);
        if (wrong)
            return common_fail(err, DIARIST_ERROR_INPUT,
                               "row %zu: its %s is missing or is not of this run; run it again",
                               i + 1, wrong);
    }
    return DIARIST_OK;
}

/* id -> index; NULL when an id comes twice, is no string, or there is no memory. */
static json_t *index_of(const json_t *ids) {
    json_t *index = json_object(), *id;
    size_t i;
    json_array_foreach(ids, i, id) {
        const char *name = json_string_value(id);
        if (!name || json_object_get(index, name) ||
            json_object_set_new(index, name, json_integer((json_int_t)i))) {
            json_decref(index);
            return NULL;
        }
    }
    return index;
}

int bench_results_new(struct bench_results **out, json_t *items, json_t *system_ids,
                      size_t num_runs, json_t *file_ids, diarist_error *err) {
    struct bench_results *results = calloc(1, sizeof *results);
    int status = DIARIST_OK;
    *out = NULL;
    if (!results)
        return common_fail_memory(err);
    results->items = json_incref(items);
    results->systems = index_of(system_ids);
    results->files = index_of(file_ids);
    results->num_systems = json_array_size(system_ids);
    results->num_files = json_array_size(file_ids);
    results->num_runs = num_runs;
    size_t num = results->num_systems * num_runs;
    if (!results->systems || !results->files)
        status = common_fail(err, DIARIST_ERROR_INPUT,
                             "a system_id or file_id comes twice or is no text; run it again");
    else if (num_runs > 1000 || (results->num_files && num > 100000000 / results->num_files))
        status = common_fail(err, DIARIST_ERROR_LIMIT,
                             "has more than 1000 runs or 100 million rows; report parts of it");
    else if (!(results->rows = calloc(num * results->num_files + 1, sizeof *results->rows)))
        status = common_fail_memory(err);
    if (!status)
        status = fill(results, err);
    if (status) {
        bench_results_free(results);
        return status;
    }
    *out = results;
    return DIARIST_OK;
}

void bench_results_free(struct bench_results *results) {
    if (!results)
        return;
    json_decref(results->items);
    json_decref(results->systems);
    json_decref(results->files);
    free(results->rows);
    free(results);
}

const struct bench_row *bench_results_row(const struct bench_results *results, size_t system,
                                          size_t run, size_t file) {
    return &results->rows[(system * results->num_runs + run) * results->num_files + file];
}
