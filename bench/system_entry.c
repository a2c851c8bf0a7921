/* system_entry.c - a system as a specification or a list of systems names it.
 * SPDX-License-Identifier: MIT
 *
 * by name, from the list, or a command -> its parameters -> the same with every key */
#include "system_entry.h"

#include "common/choice.h"
#include "definition.h"
#include "environment.h"
#include "common/fail.h"
#include "field.h"
#include "files.h"
#include "json_out.h"
#include "placeholder.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ARGUMENTS = 256, LIST_LIMIT = 1 << 20 };

/* ---- parameters --------------------------------------------------------------------------- */

static int check_number(const struct bench_place *place, const struct bench_param *param,
                        const json_t *value) {
    double number = json_number_value(value);
    if (!json_is_number(value) || number < param->min || number > param->max)
        return bench_field_wrong(place, param->name, "is no number from %g to %g; give one",
                                 param->min, param->max);
    return DIARIST_OK;
}

static int check_param(const struct bench_place *place, const struct bench_param *param,
                       const json_t *value) {
    switch (param->type) {
    case BENCH_PARAM_COUNT:
        if (!json_is_integer(value))
            return bench_field_wrong(place, param->name,
                                     "is no whole number; give one from %g to %g", param->min,
                                     param->max);
        return check_number(place, param, value);
    case BENCH_PARAM_NUMBER:
        return check_number(place, param, value);
    case BENCH_PARAM_FLAG:
        return json_is_boolean(value)
                   ? DIARIST_OK
                   : bench_field_wrong(place, param->name, "is neither true nor false; give one");
    case BENCH_PARAM_CHOICE:
        return bench_is_text(value) && common_choice(param->choices, json_string_value(value)) >= 0
                   ? DIARIST_OK
                   : bench_field_wrong(place, param->name, "is none of %s; give one",
                                       param->choices);
    case BENCH_PARAM_TEXT:
        break;
    }
    return bench_is_text(value) ? DIARIST_OK
                                : bench_field_wrong(place, param->name, "is no text; give some");
}

/* Numbers of speakers that cannot all be meant. */
static int check_speakers(const struct bench_place *place, const json_t *params) {
    const json_t *num = json_object_get(params, "num_speakers");
    const json_t *min = json_object_get(params, "min_speakers");
    const json_t *max = json_object_get(params, "max_speakers");
    if (num && (min || max))
        return bench_field_wrong(place, min ? "min_speakers" : "max_speakers",
                                 "contradicts num_speakers; give one or the other");
    if (json_is_integer(min) && json_is_integer(max) &&
        json_integer_value(min) > json_integer_value(max))
        return bench_field_wrong(place, "min_speakers", "is above max_speakers; swap them");
    return DIARIST_OK;
}

static int check_params_of(const struct bench_place *place,
                           const struct bench_definition *definition, json_t *params) {
    const char *key;
    json_t *value;
    json_object_foreach(params, key, value) {
        const struct bench_param *param = bench_definition_param(definition, key);
        if (!param && !definition->params->name)
            return bench_field_wrong(place, key, "%s takes no parameters; leave it out",
                                     definition->id);
        if (!param) {
            struct bench_text known = {0};
            for (param = definition->params; param->name; param++)
                bench_text_add(&known, "%s%s", known.size ? ", " : "", param->name);
            int status = bench_field_wrong(place, key, "%s does not take it; it takes %s",
                                           definition->id, known.bytes ? known.bytes : "others");
            bench_text_free(&known);
            return status;
        }
        int status = check_param(place, param, value);
        if (status)
            return status;
    }
    return check_speakers(place, params);
}

/* sherpa-onnx wants both networks or none of them. */
static int check_pairs(const struct bench_place *place, const json_t *params) {
    bool segmentation = json_object_get(params, "segmentation_model");
    bool embedding = json_object_get(params, "embedding_model");
    if (segmentation != embedding)
        return bench_field_wrong(place, segmentation ? "embedding_model" : "segmentation_model",
                                 "is missing; give both networks or neither");
    return DIARIST_OK;
}

/* ---- commands ----------------------------------------------------------------------------- */

static const char always_known[] = "audio|wav|out|threads|file_id";

/* Every {name} of an argument is known; seen: "a|b" of what must be there, becomes shorter. */
static int check_placeholders(const struct bench_place *place, const char *key,
                              const char *argument, const json_t *params, bool *has_audio) {
    size_t size;
    for (const char *at = argument; (at = bench_placeholder_next(at, &size)); at += size) {
        char name[BENCH_MAX_ID] = "";
        memcpy(name, at, size < sizeof name ? size : sizeof name - 1);
        if (!strcmp(name, "audio") || !strcmp(name, "wav"))
            *has_audio = true;
        if (common_choice(always_known, name) < 0 && !json_object_get(params, name))
            return bench_field_wrong(
                place, key,
                "{%s} is no placeholder (%s) and not in params; {{%s}} means the braces", name,
                always_known, name);
    }
    return DIARIST_OK;
}

static int check_arguments(const struct bench_place *place, const char *key, const json_t *argv,
                           const json_t *params, bool *has_audio) {
    size_t i;
    json_t *argument;
    if (!json_is_array(argv) || json_array_size(argv) < 1 || json_array_size(argv) > MAX_ARGUMENTS)
        return bench_field_wrong(
            place, key, "is no list of 1 to %d texts; give program and arguments", MAX_ARGUMENTS);
    json_array_foreach(argv, i, argument) {
        if (!json_is_string(argument) || (i == 0 && !bench_is_text(argument)))
            return bench_field_wrong(place, key, "argument %zu is no text; put it in quotes", i);
        int status = check_placeholders(place, key, json_string_value(argument), params, has_audio);
        if (status)
            return status;
    }
    return DIARIST_OK;
}

/* A parameter of a command stands for itself somewhere in it. */
static int check_used(const struct bench_place *place, const char *name, const json_t *value,
                      const json_t *argv) {
    size_t i;
    json_t *argument;
    if (common_choice(always_known, name) >= 0)
        return bench_field_wrong(place, name, "{%s} has its value from the run; take another name",
                                 name);
    if (!json_is_string(value) && !json_is_number(value) && !json_is_boolean(value))
        return bench_field_wrong(place, name, "is no text, number, true or false; give one");
    json_array_foreach(argv, i, argument) {
        const char *at = json_string_value(argument);
        size_t size;
        for (; at && (at = bench_placeholder_next(at, &size)); at += size)
            if (strlen(name) == size && !strncmp(at, name, size))
                return DIARIST_OK;
    }
    return bench_field_wrong(place, name, "the command has no {%s}; put it there or leave it out",
                             name);
}

static int check_command(const struct bench_place *place, const struct bench_place *in_params,
                         const json_t *system) {
    const json_t *argv = json_object_get(system, "command");
    const json_t *version = json_object_get(system, "version_command");
    json_t *params = json_object_get(system, "params"), *value;
    bool has_audio = false, ignored = false;
    const char *key;
    int status = check_arguments(place, "command", argv, params, &has_audio);
    if (!status && !has_audio)
        status = bench_field_wrong(place, "command",
                                   "has no {audio} (or {wav}: 16 kHz mono); put it there");
    if (!status && !json_is_null(version))
        status = check_arguments(place, "version_command", version, NULL, &ignored);
    json_object_foreach(params, key, value) if (!status) status =
        check_used(in_params, key, value, argv);
    return status ? status : check_speakers(in_params, params);
}

/* ---- systems ------------------------------------------------------------------------------ */

static const char system_keys[] =
    "system_id|definition|version|params|command|version_command|timeout_s";

static int check_timeout(const struct bench_place *place, const json_t *system) {
    const json_t *value = json_object_get(system, "timeout_s");
    double seconds = json_number_value(value);
    if (!json_is_null(value) && (!json_is_number(value) || !(seconds >= 0.1 && seconds <= 1e7)))
        return bench_field_wrong(place, "timeout_s",
                                 "is no number of seconds from 0.1 to 1e7; give one");
    return DIARIST_OK;
}

/* A system by name: no command, its version installable or its own. */
static int check_defined(const struct bench_place *place, const struct bench_place *in_params,
                         const struct bench_definition *definition, const json_t *system) {
    static const char *const of_commands[] = {"command", "version_command"};
    const char *version = json_string_value(json_object_get(system, "version"));
    for (int i = 0; i < 2; i++)
        if (!json_is_null(json_object_get(system, of_commands[i])))
            return bench_field_wrong(place, of_commands[i],
                                     "%s runs in its own way; choose another system_id",
                                     definition->id);
    if (version && definition->kind == BENCH_KIND_DIARIST && strcmp(version, diarist_version()))
        return bench_field_wrong(place, "version", "this program is %s; leave it out",
                                 diarist_version());
    if (version && definition->kind == BENCH_KIND_ORACLE)
        return bench_field_wrong(place, "version", "%s has none; leave it out", definition->id);
    if (version && strspn(version, "0123456789abcdefghijklmnopqrstuvwxyz.+") != strlen(version))
        return bench_field_wrong(place, "version",
                                 "is not like 1.2.3; give one that was published");
    int status = check_params_of(in_params, definition, json_object_get(system, "params"));
    return status ? status : check_pairs(in_params, json_object_get(system, "params"));
}

/* Replaces what a listed system says by what the specification says of it. */
static int merge_listed(json_t *system, const struct bench_place *place, const json_t *listed) {
    static const char *const fixed[] = {"definition", "command", "version_command"};
    for (int i = 0; i < 3; i++) {
        if (!json_is_null(json_object_get(system, fixed[i])))
            return bench_field_wrong(place, fixed[i],
                                     "the list of systems has it; choose another system_id");
        json_object_set(system, fixed[i], json_object_get(listed, fixed[i]));
    }
    if (json_is_null(json_object_get(system, "version")))
        json_object_set(system, "version", json_object_get(listed, "version"));
    if (json_is_null(json_object_get(system, "timeout_s")))
        json_object_set(system, "timeout_s", json_object_get(listed, "timeout_s"));
    json_t *params = json_object_get(system, "params");
    if (json_is_null(params))
        json_object_set_new(system, "params", json_deep_copy(json_object_get(listed, "params")));
    else if (json_is_object(params))
        json_object_update_missing(params, json_object_get(listed, "params"));
    return DIARIST_OK;
}

static int check_source(const struct bench_place *place, json_t *listed, const json_t *system) {
    const char *id = json_string_value(json_object_get(system, "definition"));
    bool has_command = !json_is_null(json_object_get(system, "command"));
    const char *name = json_string_value(json_object_get(system, "system_id"));
    if (has_command && bench_definition_find(name))
        return bench_field_wrong(place, "command",
                                 "%s runs in its own way; choose another system_id", name);
    if (has_command && id)
        return bench_field_wrong(place, "definition", "contradicts command; give one or the other");
    if (has_command || bench_definition_find(id))
        return DIARIST_OK;
    struct bench_text known = {0};
    json_t *value;
    for (size_t i = 0; bench_definition_at(i); i++)
        bench_text_add(&known, "%s%s", i ? ", " : "", bench_definition_at(i)->id);
    json_object_foreach(listed, name, value) bench_text_add(&known, ", %s", name);
    int status = bench_field_wrong(place, "definition",
                                   "there is no system %s; there are %s; or give a command", id,
                                   known.bytes ? known.bytes : "none");
    bench_text_free(&known);
    return status;
}

/* What is the same for systems of a specification and of the list of systems. */
static int check_system(json_t *system, const struct bench_place *place, json_t *listed) {
    char path[512];
    snprintf(path, sizeof path, "%s.params", place->path);
    const struct bench_place in_params = {.path = path, .err = place->err};
    int status = bench_check_text(place, system, "version");
    if (json_is_null(json_object_get(system, "params")))
        json_object_set_new(system, "params", json_object());
    if (!status && !json_is_object(json_object_get(system, "params")))
        status = bench_field_wrong(place, "params", "is no object; give {\"NAME\": VALUE}");
    if (!status)
        status = check_timeout(place, system);
    if (json_is_null(json_object_get(system, "definition")) &&
        json_is_null(json_object_get(system, "command")))
        json_object_set(system, "definition", json_object_get(system, "system_id"));
    if (!status && !json_is_null(json_object_get(system, "definition")))
        status = bench_check_id(place, "definition", json_object_get(system, "definition"));
    if (!status)
        status = check_source(place, listed, system);
    const char *id = json_string_value(json_object_get(system, "definition"));
    if (!status && id)
        status = check_defined(place, &in_params, bench_definition_find(id), system);
    else if (!status)
        status = check_command(place, &in_params, system);
    return status;
}

static int check_entry(json_t **out, json_t *entry, const struct bench_place *place) {
    if (!json_is_object(entry))
        return bench_field_wrong(place, "", "is no object; give {\"system_id\": NAME}");
    int status = bench_check_keys(place, entry, system_keys);
    if (!status)
        status = bench_check_id(place, "system_id", json_object_get(entry, "system_id"));
    if (!status && !(*out = bench_with_all_keys(entry, system_keys)))
        status = common_fail_memory(place->err);
    return status;
}

/* A parameter that is a text names a file or what is fetched, or becomes part of a command: only a
 * choice among words that are known is harmless. */
static int check_no_texts(const struct bench_place *place, const char *source, json_t *params) {
    const struct bench_definition *definition = source ? bench_definition_find(source) : NULL;
    char path[64];
    snprintf(path, sizeof path, "%.40s.params", place->path);
    const struct bench_place in_params = {.path = path, .err = place->err};
    const char *key;
    json_t *value;
    json_object_foreach(params, key, value) {
        const struct bench_param *param =
            definition ? bench_definition_param(definition, key) : NULL;
        if (json_is_string(value) && !(param && param->type == BENCH_PARAM_CHOICE))
            return bench_field_wrong(&in_params, key,
                                     "is a text, which is not allowed here; name a system that has "
                                     "it already");
    }
    return DIARIST_OK;
}

int bench_system_entry_resolve(json_t *systems, json_t *entry, const struct bench_place *place,
                               json_t *listed, bool refuse_commands) {
    json_t *system = NULL, *other;
    size_t i;
    int status = check_entry(&system, entry, place);
    const char *id = json_string_value(json_object_get(system, "system_id"));
    const json_t *definition = json_object_get(system, "definition");
    const char *source = json_is_string(definition) ? json_string_value(definition) : id;
    const json_t *found = source ? json_object_get(listed, source) : NULL;
    json_array_foreach(
        systems, i,
        other) if (!status && !strcmp(id, json_string_value(json_object_get(other, "system_id"))))
        status =
            bench_field_wrong(place, "system_id",
                              "%s comes twice; give one another system_id, and \"definition\"", id);
    if (!status && refuse_commands &&
        (!json_is_null(json_object_get(system, "command")) ||
         !json_is_null(json_object_get(system, "version_command"))))
        status = bench_field_wrong(place, "command",
                                   "is not allowed here; name a system that is defined");
    if (!status && refuse_commands)
        status = check_no_texts(
            place, found ? json_string_value(json_object_get(found, "definition")) : source,
            json_object_get(system, "params"));
    if (!status && !json_is_null(definition) && !json_is_string(definition))
        status = bench_check_id(place, "definition", definition);
    if (!status && found) {
        json_object_set_new(system, "definition", json_null());
        status = merge_listed(system, place, found);
    }
    if (!status)
        status = check_system(system, place, listed);
    if (!status)
        json_array_append(systems, system);
    json_decref(system);
    return status;
}

/* ---- the list of systems ------------------------------------------------------------------ */

int bench_system_list_load(json_t *listed, const char *file, diarist_error *err) {
    char *text;
    size_t size, i;
    json_error_t where;
    json_t *entry;
    int status = bench_file_read(&text, &size, file, LIST_LIMIT, err);
    if (status)
        return status;
    json_t *list = json_loadb(text, size, JSON_REJECT_DUPLICATES, &where);
    free(text);
    if (!json_is_array(list)) {
        status = common_fail(err, DIARIST_ERROR_INPUT, "%s: line %d: %s; give a list of systems",
                             file, list ? 1 : where.line, list ? "is no JSON list" : where.text);
        json_decref(list);
        return status;
    }
    json_array_foreach(list, i, entry) {
        char path[256];
        json_t *system = NULL;
        snprintf(path, sizeof path, "%.200s: [%zu]", file, i);
        const struct bench_place place = {.path = path, .err = err};
        status = check_entry(&system, entry, &place);
        const char *id = json_string_value(json_object_get(system, "system_id"));
        if (!status && (bench_definition_find(id) || json_object_get(listed, id)))
            status = bench_field_wrong(&place, "system_id",
                                       "there is a system %s already; choose another", id);
        if (!status)
            status = check_system(system, &place, listed);
        if (!status)
            json_object_set(listed, id, system);
        json_decref(system);
        if (status)
            break;
    }
    json_decref(list);
    return status;
}

/* ---- the catalogue ------------------------------------------------------------------------ */

static json_t *param_names(const struct bench_definition *definition) {
    json_t *names = json_array();
    for (const struct bench_param *param = definition->params; param->name; param++)
        json_array_append_new(names, json_string(param->name));
    return names;
}

static json_t *describe(const struct bench_definition *definition) {
    char *version = definition->kind == BENCH_KIND_DIARIST ? bench_text_of("%s", diarist_version())
                    : definition->kind == BENCH_KIND_PYTHON
                        ? bench_environment_version(definition->id)
                        : NULL;
    json_t *out = json_pack("{s:s,s:s,s:s?,s:s?,s:o}", "system_id", definition->id, "summary",
                            definition->summary, "needs", definition->needs, "version", version,
                            "params", param_names(definition));
    free(version);
    return out;
}

static json_t *describe_listed(const char *id, const json_t *system) {
    json_t *params = json_object_get(system, "params"), *names = json_array(), *value;
    const char *key;
    json_object_foreach(params, key, value) json_array_append_new(names, json_string(key));
    return json_pack("{s:s,s:s,s:n,s:O,s:o}", "system_id", id, "summary", "of the list of systems",
                     "needs", "version", json_object_get(system, "version"), "params", names);
}

int diarist_bench_systems(char **json, const diarist_bench_settings *settings, diarist_error *err) {
    json_t *listed = json_object(), *out = json_array(), *system;
    const char *id;
    *json = NULL;
    int status = listed && out ? DIARIST_OK : common_fail_memory(err);
    if (!status && settings->systems_file)
        status = bench_system_list_load(listed, settings->systems_file, err);
    for (size_t i = 0; bench_definition_at(i) && !status; i++)
        json_array_append_new(out, describe(bench_definition_at(i)));
    json_object_foreach(listed, id, system) if (!status)
        json_array_append_new(out, describe_listed(id, system));
    json_decref(listed);
    if (status) {
        json_decref(out);
        return status;
    }
    return bench_json_out(json, out, err);
}
