/* spec.c - what is asked for, checked as a whole before anything runs.
 * SPDX-License-Identifier: MIT
 *
 * text -> keys known? -> numbers -> systems -> dataset there? -> parameters that its model takes?
 * -> the same with every default */
#include "spec.h"

#include "common/fail.h"
#include "system.h"
#include "system_entry.h"
#include "threads.h"

#include <stdio.h>

enum { MAX_SYSTEMS = 64, MAX_THREADS = 1024 };

static int check_threads(const struct bench_place *place, const diarist_bench_settings *settings,
                         json_t *spec) {
    int32_t available = bench_threads_available();
    json_int_t otherwise =
                   settings->default_cpu_threads > 0 ? settings->default_cpu_threads : available,
               threads;
    int status = bench_get_whole(&threads, place, spec, "cpu_threads", 1, MAX_THREADS, otherwise);
    if (!status && threads > available)
        status = bench_field_wrong(place, "cpu_threads",
                                   "is %lld, but this program may use %d processors",
                                   (long long)threads, available);
    json_object_set_new(spec, "cpu_threads", json_integer(threads));
    return status;
}

static int check_counts(const struct bench_place *place, json_t *spec) {
    json_int_t runs, warmup, limit;
    int status = bench_get_whole(&runs, place, spec, "n_runs", 1, BENCH_MAX_RUNS, 1);
    if (!status)
        status = bench_get_whole(&warmup, place, spec, "warmup_files", 0, 1000, 0);
    if (!status)
        status = bench_get_whole(&limit, place, spec, "limit_files", 1, 100000000, 0);
    if (!status) {
        json_object_set_new(spec, "n_runs", json_integer(runs));
        json_object_set_new(spec, "warmup_files", json_integer(warmup));
    }
    return status;
}

static int check_systems(const struct bench_place *top, json_t *spec, json_t *listed,
                         bool refuse_commands) {
    const json_t *entries = json_object_get(spec, "systems");
    json_t *systems = json_array(), *entry;
    size_t i, num = json_array_size(entries);
    int status = systems ? DIARIST_OK : common_fail_memory(top->err);
    if (!status && (num < 1 || num > MAX_SYSTEMS))
        status = bench_field_wrong(top, "systems", "is no list of 1 to %d systems; give one",
                                   MAX_SYSTEMS);
    json_array_foreach(entries, i, entry) {
        char path[32];
        snprintf(path, sizeof path, "systems[%zu]", i);
        const struct bench_place place = {.path = path, .err = top->err};
        if (!status)
            status = bench_system_entry_resolve(systems, entry, &place, listed, refuse_commands);
    }
    json_object_set_new(spec, "systems", systems);
    return status;
}

/* Of what a model would refuse. */
static int try_systems(const struct bench_place *top, const diarist_bench_settings *settings,
                       const json_t *spec) {
    const json_t *systems = json_object_get(spec, "systems");
    json_t *entry;
    size_t i;
    int status = DIARIST_OK;
    json_array_foreach(systems, i, entry) {
        char path[32];
        snprintf(path, sizeof path, "systems[%zu]", i);
        const struct bench_place place = {.path = path, .err = top->err};
        if (!status && json_object_size(json_object_get(entry, "params")))
            status = bench_system_try(entry, settings, &place);
    }
    return status;
}

static int check_dataset(struct bench_catalogue **catalogue, const struct bench_dataset **dataset,
                         const struct bench_place *place, const diarist_bench_settings *settings,
                         const json_t *spec) {
    const json_t *id = json_object_get(spec, "dataset_id");
    diarist_error found;
    if (!bench_is_text(id))
        return bench_field_wrong(place, "dataset_id",
                                 "is missing or no text; give one of the datasets");
    int status = bench_catalogue_load(catalogue, settings, place->err);
    if (!status && bench_catalogue_find(dataset, *catalogue, json_string_value(id), &found))
        status = bench_field_wrong(place, "dataset_id", "%s", found.message);
    return status;
}

int bench_spec_resolve(json_t **out, struct bench_catalogue **catalogue,
                       const struct bench_dataset **dataset, const diarist_bench_settings *settings,
                       const char *json, diarist_error *err) {
    static const char keys[] = "dataset_id|n_runs|cpu_threads|warmup_files|limit_files|systems";
    const struct bench_place top = {.path = "", .err = err};
    json_error_t where;
    *out = NULL;
    *catalogue = NULL;
    json_t *given = json_loads(json, JSON_REJECT_DUPLICATES, &where), *spec = NULL;
    json_t *listed = json_object();
    int status = DIARIST_OK;
    if (!json_is_object(given))
        status = common_fail(err, DIARIST_ERROR_ARGUMENT, "line %d: %s; give a JSON object",
                             given ? 1 : where.line, given ? "is none" : where.text);
    if (!status)
        status = bench_check_keys(&top, given, keys);
    if (!status && (!listed || !(spec = bench_with_all_keys(given, keys))))
        status = common_fail_memory(err);
    if (!status)
        status = check_counts(&top, spec);
    if (!status)
        status = check_threads(&top, settings, spec);
    if (!status && settings->systems_file)
        status = bench_system_list_load(listed, settings->systems_file, err);
    if (!status)
        status = check_systems(&top, spec, listed, settings->refuse_commands);
    if (!status)
        status = check_dataset(catalogue, dataset, &top, settings, spec);
    if (!status)
        status = try_systems(&top, settings, spec);
    json_decref(listed);
    json_decref(given);
    if (status) {
        json_decref(spec);
        bench_catalogue_free(*catalogue);
        *catalogue = NULL;
        return status;
    }
    *out = spec;
    return DIARIST_OK;
}
