/* parameters.c - what routes take in their query, their headers and the fields of their forms.
 * SPDX-License-Identifier: MIT */
#include "parameters.h"

#include "answer.h"

#include "diarist/io.h"

#include <stdlib.h>
#include <string.h>

enum kind { CHOICE, WHOLE, REAL, CURSOR, FORMAT, TEXT, HEADER };
#define FLAG CHOICE, .choices = "0 1 false true"

static const struct parameter {
    const char *key; /* what rows of routes.c say */
    enum kind kind;
    const char *help;
    const char *name;            /* what clients say; NULL: the key */
    const char *choices;         /* CHOICE: words */
    double min, max, by_default; /* WHOLE, REAL */
    bool own;                    /* the route says what is wrong with it (422) */
} parameters[] = {
    {"limit", WHOLE, .help = "how many at most", .min = 1, .max = 100, .by_default = 20},
    {"cursor", CURSOR, .help = "next_cursor of the page before"},
    {"offset", WHOLE, .help = "how many to leave out", .max = 999999999},
    {"wait", FLAG, .help = "answer when the job has ended: 200 and its result"},
    {"format", FORMAT, .help = "of the result"},
    {"exclusive", FLAG, .help = "one speaker at a time"},
    {"embeddings", FLAG, .help = "each speaker's embedding, in formats that have a place for it"},
    {"timing", FLAG, .help = "how long each stage took, in formats that have a place for it"},
    {"colors", FLAG, .help = "a colour for each speaker, in formats that have a place for it"},
    {"filename", TEXT, .help = "what the recording of a body that is no form is called"},
    {"idempotency_key", HEADER,
     .help = "a second request with the same answers with the first's job",
     .name = "Idempotency-Key"},
    {"if_match", HEADER, .help = "the revision that is to be changed; another one is 412",
     .name = "If-Match"},
    {"diarization", TEXT, .help = "the id of one that has succeeded"},
    {"threshold", REAL, .help = "similarity from which voices are one", .min = -1, .max = 1,
     .own = true},
    /* Of /v1/live: live_params.c checks them, as it does those of its first message. */
    {"stream", TEXT, .help = "a live stream to come back to; with seq alone"},
    {"seq", TEXT, .help = "the last event of it that was read (default 0)"},
    {"live_format", TEXT, .name = "format", .help = "s16le (default) or f32le"},
    {"live_rate", TEXT, .name = "rate", .help = "samples a second, 4000 to 192000 (default 16000)"},
    {"latency", TEXT, .help = "seconds until turns are final, 0.5 to 5 (default 2)"},
    {"live_max_speakers", TEXT, .name = "max_speakers", .help = "1 to 32"},
    {"live_threshold", TEXT, .name = "cluster_threshold", .help = "-1 to 2"},
    {"live_preset", TEXT, .name = "preset", .help = "balanced or accurate"},
    {"stats", TEXT, .help = "seconds of audio between stats (default 10); 0: none"},
    {"range", HEADER, .help = "bytes=FIRST-LAST: that part alone", .name = "Range"},
};
enum { NUM_PARAMETERS = sizeof parameters / sizeof *parameters };

const char *server_next_word(const char **text, size_t *length) {
    const char *word = *text ? *text + strspn(*text, " ") : "";
    *length = strcspn(word, " ");
    *text = word + *length;
    return *length ? word : NULL;
}

static bool has_word(const char *text, const char *name) {
    size_t n;
    for (const char *word; (word = server_next_word(&text, &n));)
        if (n == strlen(name) && !strncmp(word, name, n))
            return true;
    return false;
}

static const char *name_of(const struct parameter *parameter) {
    return parameter->name ? parameter->name : parameter->key;
}

/* That of a query or form which clients call so, among a route's. */
static const struct parameter *find(const char *route_parameters, const char *name) {
    for (size_t i = 0; i < NUM_PARAMETERS; i++)
        if (parameters[i].kind != HEADER && !strcmp(name_of(&parameters[i]), name) &&
            has_word(route_parameters, parameters[i].key))
            return &parameters[i];
    return NULL;
}

bool server_parameter_is(const char *route_parameters, const char *name) {
    return find(route_parameters, name);
}

/* ---- checking ---- */

/* Digits alone, without zeros before them. */
static bool is_whole(const char *text, double min, double max) {
    size_t n = strspn(text, "0123456789");
    if (!n || text[n] || n > 18 || (n > 1 && *text == '0'))
        return false;
    double value = strtod(text, NULL);
    return value >= min && value <= max;
}

static bool is_real(const char *text, double min, double max) {
    char *end;
    double value = strtod(text, &end);
    return *text && !*end && strspn(text, "+-0123456789.eE") == strlen(text) && value >= min &&
           value <= max;
}

static bool is_format(const char *text) {
    const diarist_format *format;
    for (size_t i = 0; (format = diarist_document_format(i)); i++)
        if (format->can_write && !strcmp(format->name, text))
            return true;
    return false;
}

static bool is_good(const struct parameter *parameter, const char *text) {
    switch (parameter->kind) {
    case CHOICE:
        return has_word(parameter->choices, text);
    case WHOLE:
        return is_whole(text, parameter->min, parameter->max);
    case REAL:
        return is_real(text, parameter->min, parameter->max);
    case CURSOR:
        return is_whole(text, 1, 1e18);
    case FORMAT:
        return is_format(text);
    default:
        return true;
    }
}

static int refuse_value(struct server_exchange *exchange, const struct parameter *parameter) {
    const char *name = name_of(parameter);
    if (parameter->kind == CHOICE)
        server_answer_problem(exchange, 400, "%s is one of: %s", name, parameter->choices);
    else if (parameter->kind == FORMAT)
        server_answer_problem(exchange, 400, "%s is none of those that /openapi.json lists", name);
    else if (parameter->kind == CURSOR)
        server_answer_problem(exchange, 400, "%s is not next_cursor of another page", name);
    else
        server_answer_problem(exchange, 400, "%s is a %snumber from %.15g to %.15g", name,
                              parameter->kind == WHOLE ? "whole " : "", parameter->min,
                              parameter->max);
    return 400;
}

/* Whether one before the i-th has its name. */
static bool is_again(const struct server_fields *fields, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (!strcmp(fields->items[k].name, fields->items[i].name))
            return true;
    return false;
}

int server_parameters_check(struct server_exchange *exchange) {
    const char *names = exchange->route->parameters;
    for (size_t i = 0; i < exchange->fields.num; i++) {
        const struct server_field *field = &exchange->fields.items[i];
        if (is_again(&exchange->fields, i)) {
            server_answer_problem(exchange, 400, "%.60s is given twice; give it once", field->name);
            return 400;
        }
        const struct parameter *parameter = find(names, field->name);
        if (parameter && !parameter->own && !is_good(parameter, field->value))
            return refuse_value(exchange, parameter);
        /* Of the options of jobs, job_options.c says which there are. */
        if (parameter || has_word(names, "options"))
            continue;
        server_answer_problem(exchange, 400, "%.60s is no parameter of this path", field->name);
        return 400;
    }
    return 0;
}

bool server_parameter_flag(const struct server_exchange *exchange, const char *name) {
    const char *value = server_fields_get(&exchange->fields, name);
    return value && (*value == '1' || *value == 't');
}

int64_t server_parameter_whole(const struct server_exchange *exchange, const char *name) {
    const char *value = server_fields_get(&exchange->fields, name);
    const struct parameter *parameter = find(exchange->route->parameters, name);
    return value ? strtoll(value, NULL, 10) : parameter ? (int64_t)parameter->by_default : 0;
}

/* ---- describing ---- */

static json_t *format_names(void) {
    json_t *names = json_array();
    const diarist_format *format;
    for (size_t i = 0; (format = diarist_document_format(i)); i++)
        if (format->can_write)
            json_array_append_new(names, json_string(format->name));
    return names;
}

static json_t *words(const char *text) {
    json_t *list = json_array();
    size_t n;
    for (const char *word; (word = server_next_word(&text, &n));)
        json_array_append_new(list, json_stringn(word, n));
    return list;
}

static json_t *schema(const struct parameter *parameter) {
    switch (parameter->kind) {
    case CHOICE:
        return json_pack("{s:o}", "enum", words(parameter->choices));
    case WHOLE:
        return json_pack("{s:s,s:I,s:I,s:I}", "type", "integer", "minimum",
                         (json_int_t)parameter->min, "maximum", (json_int_t)parameter->max,
                         "default", (json_int_t)parameter->by_default);
    case REAL:
        return json_pack("{s:s,s:f,s:f}", "type", "number", "minimum", parameter->min, "maximum",
                         parameter->max);
    case CURSOR:
        return json_pack("{s:s,s:s}", "type", "string", "pattern", "^[1-9][0-9]{0,17}$");
    case FORMAT:
        return json_pack("{s:o,s:s}", "enum", format_names(), "default", "json");
    default:
        return json_pack("{s:s}", "type", "string");
    }
}

json_t *server_parameters_json(void) {
    json_t *all = json_object();
    for (size_t i = 0; i < NUM_PARAMETERS; i++) {
        const struct parameter *parameter = &parameters[i];
        json_object_set_new(all, parameter->key,
                            json_pack("{s:s,s:s,s:s,s:o}", "name", name_of(parameter), "in",
                                      parameter->kind == HEADER ? "header" : "query", "description",
                                      parameter->help, "schema", schema(parameter)));
    }
    return all;
}
