/* job_options.c - what a client may ask of a diarization.
 * SPDX-License-Identifier: MIT */
#include "job_options.h"

#include <math.h>
#include <stdbool.h>
#include <stdarg.h>
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
} options[] = {
    {"num_speakers", WHOLE, ENGINE, offsetof(diarist_options, num_speakers), 1, 10000, {0}},
    {"min_speakers", WHOLE, ENGINE, offsetof(diarist_options, min_speakers), 1, 10000, {0}},
    {"max_speakers", WHOLE, ENGINE, offsetof(diarist_options, max_speakers), 1, 10000, {0}},
    {"cluster_threshold", REAL, ENGINE, offsetof(diarist_options, cluster_threshold), -1, 2, {0}},
    {"exclude_overlap",
     CHOICE,
     ENGINE,
     offsetof(diarist_options, exclude_overlap),
     0,
     0,
     {"false", "true"}},
    {"min_duration_on", REAL, ENGINE, offsetof(diarist_options, min_duration_on_s), 0, 60, {0}},
    {"min_duration_off", REAL, ENGINE, offsetof(diarist_options, min_duration_off_s), 0, 60, {0}},
    {"step", REAL, ENGINE, offsetof(diarist_options, step_s), 0.5, 10, {0}},
    {"preset",
     CHOICE,
     ENGINE,
     offsetof(diarist_options, preset),
     0,
     0,
     {"balanced", "fast", "accurate"}},
    {"channel", WHOLE, AUDIO, offsetof(diarist_audio_options, channel), 1, 1024, {0}},
    {"start", REAL, AUDIO, offsetof(diarist_audio_options, start_s), 0, 1e9, {0}},
    {"duration", REAL, AUDIO, offsetof(diarist_audio_options, duration_s), 0.001, 1e9, {0}},
    {"raw", TEXT, AUDIO, offsetof(diarist_audio_options, raw), 0, 0, {0}},
};

const char *server_preset_name(int32_t preset) {
    static const char *const names[] = {"balanced", "fast", "accurate"};
    return names[preset];
}

static int fail(diarist_error *err, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    err->status = DIARIST_ERROR_ARGUMENT;
    vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    return DIARIST_ERROR_ARGUMENT;
}

static const struct option *find(const char *name) {
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
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

/* "s16le:16000:1" */
static bool is_raw(const char *text) {
    unsigned rate, channels;
    int used = 0;
    return (!strncmp(text, "s16le:", 6) || !strncmp(text, "f32le:", 6)) && strlen(text) < 24 &&
           sscanf(text + 6, "%9u:%4u%n", &rate, &channels, &used) == 2 && !text[6 + used] &&
           rate > 0 && channels > 0 && channels <= 1024;
}

/* A field's value as JSON; NULL and the reason. */
static json_t *parse(const struct option *option, const char *text, diarist_error *err) {
    double number;
    switch (option->kind) {
    case CHOICE:
        for (size_t i = 0; option->choices[i]; i++)
            if (!strcmp(option->choices[i], text))
                return json_string(text);
        fail(err, "%s is %s, %s%s%s", option->name, option->choices[0],
             option->choices[2] ? option->choices[1] : "or ",
             option->choices[2] ? " or " : option->choices[1],
             option->choices[2] ? option->choices[2] : "");
        return NULL;
    case TEXT:
        if (is_raw(text))
            return json_string(text);
        fail(err, "%s is s16le:RATE:CHANNELS or f32le:RATE:CHANNELS", option->name);
        return NULL;
    default:
        if (!parse_number(&number, option, text))
            return option->kind == WHOLE ? json_integer((json_int_t)number) : json_real(number);
        fail(err, "%s is a %snumber from %g to %g", option->name,
             option->kind == WHOLE ? "whole " : "", option->min, option->max);
        return NULL;
    }
}

static bool is_in(const char *const *names, const char *name) {
    for (; *names; names++)
        if (!strcmp(*names, name))
            return true;
    return false;
}

/* Whether all of it together makes sense to the engine. */
static int check(const json_t *chosen, const diarist_options *defaults, diarist_error *err) {
    diarist_options engine = *defaults;
    diarist_audio_options audio;
    diarist_audio_options_init(&audio);
    int rc = server_job_options_apply(chosen, &engine, &audio, err);
    return rc ? rc : diarist_options_check(&engine, err);
}

json_t *server_job_options(const struct server_fields *fields, const char *const *besides,
                           const diarist_options *defaults, diarist_error *err) {
    json_t *chosen = json_object();
    int rc = chosen ? 0 : fail(err, "out of memory");
    for (size_t i = 0; i < fields->num && !rc; i++) {
        const struct server_field *field = &fields->items[i];
        const struct option *option = find(field->name);
        if (!option && is_in(besides, field->name))
            continue;
        if (!option)
            rc = fail(err, "%.60s is no option", field->name);
        else if (json_object_get(chosen, option->name))
            rc = fail(err, "%s is given twice", option->name);
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
            return fail(err, "%.60s is no option", name);
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
