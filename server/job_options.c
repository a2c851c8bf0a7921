/* job_options.c - what a client may ask of a diarization.
 * SPDX-License-Identifier: MIT */
#include "job_options.h"

#include "parameters.h"

#include "common/fail.h"
#include "common/presets.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { WHOLE, REAL, CHOICE, TEXT };
enum place { ENGINE, AUDIO };

static const struct option {
    const char *name;
    enum kind kind;
    enum place place;
    size_t field;
    double min, max;
    const char *choices[4]; /* CHOICE: the field becomes the index */
    const char *help;
} options[] = {
    {"num_speakers", WHOLE, ENGINE, offsetof(diarist_options, num_speakers), 1, 10000,
     .help = "as many people speak"},
    {"min_speakers", WHOLE, ENGINE, offsetof(diarist_options, min_speakers), 1, 10000,
     .help = "at least as many"},
    {"max_speakers", WHOLE, ENGINE, offsetof(diarist_options, max_speakers), 1, 10000,
     .help = "at most as many"},
    {"cluster_threshold", REAL, ENGINE, offsetof(diarist_options, cluster_threshold), -1, 2,
     .help = "similarity from which voices are one (the model has its own)"},
    {"exclude_overlap", CHOICE, ENGINE, offsetof(diarist_options, exclude_overlap),
     .choices = {"false", "true"}, .help = "embed speech of one speaker alone (true)"},
    {"min_duration_on", REAL, ENGINE, offsetof(diarist_options, min_duration_on_s), 0, 60,
     .help = "seconds; shorter turns are dropped"},
    {"min_duration_off", REAL, ENGINE, offsetof(diarist_options, min_duration_off_s), 0, 60,
     .help = "seconds; shorter pauses within a speaker's turns are filled"},
    {"step", REAL, ENGINE, offsetof(diarist_options, step_s), 0.5, 10,
     .help = "seconds between windows (the preset has its own)"},
    {"preset", CHOICE, ENGINE, offsetof(diarist_options, preset), .choices = {COMMON_PRESET_NAMES},
     .help = "how much work is done (balanced)"},
    {"channel", WHOLE, AUDIO, offsetof(diarist_audio_options, channel), 1, 1024,
     .help = "that channel alone; otherwise all are mixed"},
    {"start", REAL, AUDIO, offsetof(diarist_audio_options, start_s), 0, 1e9,
     .help = "seconds to leave out at the beginning"},
    {"duration", REAL, AUDIO, offsetof(diarist_audio_options, duration_s), 0.001, 1e9,
     .help = "seconds from there; otherwise to the end"},
    {"raw", TEXT, AUDIO, offsetof(diarist_audio_options, raw),
     .help = "samples without a header: s16le:RATE:CHANNELS or f32le:RATE:CHANNELS"},
};
enum { NUM_OPTIONS = sizeof options / sizeof *options };

static const struct option *find(const char *name) {
    for (size_t i = 0; i < NUM_OPTIONS; i++)
        if (!strcmp(options[i].name, name))
            return &options[i];
    return NULL;
}

/* -1: text is no number, out of range, or of a whole one has decimals. */
static int parse_number(double *out, const struct option *option, const char *text) {
    char *end;
    if (!*text || strspn(text, "+-0123456789.eE") != strlen(text))
        return -1;
    *out = strtod(text, &end);
    if (*end || !(*out >= option->min && *out <= option->max))
        return -1;
    return option->kind == WHOLE && *out != floor(*out) ? -1 : 0;
}

/* Digits up to max, the first of which is not 0; *text moves behind them. */
static bool take_whole(const char **text, unsigned long max) {
    size_t n = strspn(*text, "0123456789");
    unsigned long value = n > 0 && n < 10 && **text != '0' ? strtoul(*text, NULL, 10) : 0;
    *text += n;
    return value > 0 && value <= max;
}

/* "s16le:16000:1" */
static bool is_raw(const char *text) {
    if (strncmp(text, "s16le:", 6) && strncmp(text, "f32le:", 6))
        return false;
    text += 6;
    return take_whole(&text, 999999999) && *text++ == ':' && take_whole(&text, 1024) && !*text;
}

/* A field's value as JSON; NULL and the reason. */
static json_t *parse(const struct option *option, const char *text, diarist_error *err) {
    double number;
    switch (option->kind) {
    case CHOICE:
        for (size_t i = 0; option->choices[i]; i++)
            if (!strcmp(option->choices[i], text))
                return json_string(text);
        common_fail(err, DIARIST_ERROR_ARGUMENT, "%s is %s, %s%s%s", option->name,
                    option->choices[0], option->choices[2] ? option->choices[1] : "or ",
                    option->choices[2] ? " or " : option->choices[1],
                    option->choices[2] ? option->choices[2] : "");
        return NULL;
    case TEXT:
        if (is_raw(text))
            return json_string(text);
        common_fail(err, DIARIST_ERROR_ARGUMENT, "%s is s16le:RATE:CHANNELS or f32le:RATE:CHANNELS",
                    option->name);
        return NULL;
    default:
        if (!parse_number(&number, option, text))
            return option->kind == WHOLE ? json_integer((json_int_t)number) : json_real(number);
        common_fail(err, DIARIST_ERROR_ARGUMENT, "%s is a %snumber from %g to %g", option->name,
                    option->kind == WHOLE ? "whole " : "", option->min, option->max);
        return NULL;
    }
}

/* Whether all of it together makes sense to the engine. */
static int check(const json_t *chosen, const diarist_options *defaults, diarist_error *err) {
    diarist_options engine = *defaults;
    diarist_audio_options audio;
    diarist_audio_options_init(&audio);
    int rc = server_job_options_apply(chosen, &engine, &audio, err);
    return rc ? rc : diarist_options_check(&engine, err);
}

json_t *server_job_options(const struct server_fields *fields, const char *route_parameters,
                           const diarist_options *defaults, diarist_error *err) {
    json_t *chosen = json_object();
    int rc = chosen ? 0 : common_fail(err, DIARIST_ERROR_ARGUMENT, "out of memory");
    for (size_t i = 0; i < fields->num && !rc; i++) {
        const struct server_field *field = &fields->items[i];
        const struct option *option = find(field->name);
        if (!option && server_parameter_is(route_parameters, field->name))
            continue;
        if (!option)
            rc = common_fail(err, DIARIST_ERROR_ARGUMENT, "%.60s is no option", field->name);
        json_t *value = rc ? NULL : parse(option, field->value, err);
        if (!rc && (!value || json_object_set_new(chosen, option->name, value)))
            rc = DIARIST_ERROR_ARGUMENT;
    }
    if (!rc)
        rc = check(chosen, defaults, err);
    if (!rc)
        return chosen;
    json_decref(chosen);
    return NULL;
}

int server_job_options_apply(const json_t *chosen, diarist_options *engine,
                             diarist_audio_options *audio, diarist_error *err) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)chosen, name, value) {
        const struct option *option = find(name);
        if (!option)
            return common_fail(err, DIARIST_ERROR_ARGUMENT, "%.60s is no option", name);
        char *field = (option->place == ENGINE ? (char *)engine : (char *)audio) + option->field;
        if (option->kind == WHOLE)
            *(int32_t *)(void *)field = (int32_t)json_integer_value(value);
        else if (option->kind == REAL)
            *(double *)(void *)field = json_number_value(value);
        /* To the library 0 means the model's threshold; whoever writes 0 means 0. */
        if (option->field == offsetof(diarist_options, cluster_threshold) &&
            option->place == ENGINE && engine->cluster_threshold == 0)
            engine->cluster_threshold = 1e-12;
        else if (option->kind == TEXT)
            *(const char **)(void *)field = json_string_value(value);
        for (int32_t i = 0; option->kind == CHOICE && option->choices[i]; i++)
            if (!strcmp(option->choices[i], json_string_value(value)))
                *(int32_t *)(void *)field = i;
    }
    return DIARIST_OK;
}

const char *server_job_option_name(size_t i) {
    return i < NUM_OPTIONS ? options[i].name : NULL;
}

json_t *server_job_option_schema(size_t i) {
    const struct option *option = &options[i];
    json_t *schema = json_pack("{s:s}", "description", option->help), *choices = json_array();
    for (size_t k = 0; k < 4 && option->choices[k]; k++)
        json_array_append_new(choices, json_string(option->choices[k]));
    if (option->kind == CHOICE)
        json_object_set(schema, "enum", choices);
    else
        json_object_set_new(schema, "type",
                            json_string(option->kind == WHOLE  ? "integer"
                                        : option->kind == REAL ? "number"
                                                               : "string"));
    if (option->kind == WHOLE || option->kind == REAL) {
        json_object_set_new(schema, "minimum", json_real(option->min));
        json_object_set_new(schema, "maximum", json_real(option->max));
    }
    if (option->kind == TEXT)
        json_object_set_new(
            schema, "pattern",
            json_string("^(s16le|f32le):[1-9][0-9]{0,8}:([1-9][0-9]{0,2}|10[01][0-9]|"
                        "102[0-4])$"));
    json_decref(choices);
    return schema;
}
