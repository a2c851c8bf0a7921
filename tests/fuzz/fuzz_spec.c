/* fuzz_spec.c - any bytes as a specification, a list of systems, a list of datasets.
 * SPDX-License-Identifier: MIT
 *
 * The last byte chooses, and whether commands and texts are refused. */
#include "diarist/bench.h"

#include "fuzz.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

static const char a_list[] =
    "[{\"dataset_id\":\"d\",\"audio_dir\":\"/nowhere\",\"rttm_dir\":\"/nowhere\"}]";
static const char a_spec[] = "{\"dataset_id\":\"d\",\"systems\":[{\"system_id\":\"s\"}]}";

/* Whatever is refused is refused with a line; what is accepted is text. */
static void check(int status, const char *text, const diarist_error *err) {
    FUZZ_CHECK(!status == (text != NULL));
    FUZZ_CHECK(!status || (status == err->status && fuzz_is_line(err->message)));
    FUZZ_CHECK(!status || status == DIARIST_ERROR_ARGUMENT || status == DIARIST_ERROR_INPUT);
}

/* Where commands are refused none comes through, whatever hides it. */
static void check_no_commands(const char *text) {
    json_t *spec = json_loads(text, 0, NULL), *system;
    size_t i;
    json_array_foreach(json_object_get(spec, "systems"), i, system) {
        FUZZ_CHECK(json_is_null(json_object_get(system, "command")));
        FUZZ_CHECK(json_is_null(json_object_get(system, "version_command")));
    }
    json_decref(spec);
}

/* What is resolved is a specification that resolves to itself. */
static void check_spec(const diarist_bench_settings *settings, const char *spec) {
    diarist_error err = {0};
    char *first, *second;
    int status = diarist_bench_spec_check(&first, settings, spec, &err);
    check(status, first, &err);
    if (!status) {
        FUZZ_CHECK(!diarist_bench_spec_check(&second, settings, first, &err));
        FUZZ_CHECK(!strcmp(first, second));
        free(second);
        if (settings->refuse_commands)
            check_no_commands(first);
    }
    free(first);
}

static void check_systems(const diarist_bench_settings *settings) {
    diarist_error err = {0};
    char *systems;
    int status = diarist_bench_systems(&systems, settings, &err);
    check(status, systems, &err);
    free(systems);
    status = diarist_bench_spec_check(&systems, settings, a_spec, &err);
    check(status, systems, &err);
    free(systems);
}

static void check_datasets(const diarist_bench_settings *settings) {
    diarist_error err = {0};
    char *text;
    int status = diarist_bench_datasets(&text, settings, &err);
    check(status, text, &err);
    free(text);
    status = diarist_bench_dataset_check(&text, settings, "d", &err);
    check(status, text, &err);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    diarist_bench_settings settings;
    char datasets[64], systems[64];
    if (!size)
        return 0;
    char *text = calloc(size, 1);
    int list = fuzz_file((const uint8_t *)a_list, sizeof a_list - 1);
    int given = fuzz_file(data, size - 1);
    if (!text || list < 0 || given < 0)
        abort();
    memcpy(text, data, size - 1);
    snprintf(datasets, sizeof datasets, "%s", fuzz_path(list));
    snprintf(systems, sizeof systems, "%s", fuzz_path(given));
    diarist_bench_settings_init(&settings);
    settings.datasets_file = datasets;
    settings.refuse_commands = data[size - 1] / 3 % 2;
    switch (data[size - 1] % 3) {
    case 0:
        check_spec(&settings, text);
        break;
    case 1:
        settings.systems_file = systems;
        check_systems(&settings);
        break;
    default:
        settings.datasets_file = systems;
        check_datasets(&settings);
    }
    close(given);
    close(list);
    free(text);
    return 0;
}
