/* openapi.c - what the service takes and answers, as OpenAPI 3.1, from the tables that it runs by.
 * SPDX-License-Identifier: MIT
 *
 *   routes.c: paths, methods, statuses        -+
 *   parameters.c, job_options.c: what is asked +-> /openapi.json
 *   components/: what goes to and fro         -+ */
#include "answer.h"
#include "job_options.h"
#include "openapi_components.h"
#include "parameters.h"
#include "routes.h"
#include "state.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What routes answer besides what their rows say. 405: libwebsockets ends an {id} that is none at
 * its %3F or %0D, so that what is left may be the path of other methods. */
enum { EVERY = 1, KEYED = 2, ITEM = 4, BODY = 8 };
static const struct {
    int status, who;
} usual[] = {{400, EVERY}, {401, KEYED}, {403, KEYED}, {404, ITEM},  {405, ITEM}, {408, EVERY},
             {411, EVERY}, {413, EVERY}, {421, KEYED}, {500, EVERY}, {503, EVERY}};

static json_t *reference(const char *kind, const char *name, size_t length) {
    return json_pack("{s:o}", "$ref",
                     json_sprintf("#/components/%s/%.*s", kind, (int)length, name));
}

static bool has(const json_t *components, const char *kind, const char *name) {
    return json_object_get(json_object_get(components, kind), name);
}

/* ---- what a job may be asked ---- */

/* A parameter of the query as a field of the form. */
static void add_field(json_t *components, const json_t *parameter) {
    json_t *form = json_object_get(json_object_get(components, "schemas"), "RecordingForm");
    if (!strcmp(json_string_value(json_object_get(parameter, "in")), "query"))
        json_object_set(json_object_get(form, "properties"),
                        json_string_value(json_object_get(parameter, "name")),
                        json_object_get(parameter, "schema"));
}

/* What the route that takes the form takes besides options. */
static void add_fields(json_t *components) {
    const struct server_route *route;
    const char *word;
    size_t n;
    for (size_t i = 0; (route = server_route_at(i)); i++) {
        const char *text = route->parameters;
        if (!route->request || strcmp(route->request, "Recording"))
            continue;
        while ((word = server_next_word(&text, &n))) {
            char key[64];
            snprintf(key, sizeof key, "%.*s", (int)n, word);
            const json_t *parameter =
                json_object_get(json_object_get(components, "parameters"), key);
            /* The part `file` has its name with it. */
            if (parameter && strcmp(key, "filename"))
                add_field(components, parameter);
        }
    }
}

/* Options of jobs as parameters of a query and as fields of the form. */
static void add_options(json_t *components) {
    json_t *parameters = json_object_get(components, "parameters");
    json_t *schemas = json_object_get(components, "schemas");
    json_t *options = json_object();
    const char *name;
    for (size_t i = 0; (name = server_job_option_name(i)); i++) {
        json_t *schema = server_job_option_schema(i);
        json_object_set_new(parameters, name,
                            json_pack("{s:s,s:s,s:O,s:O}", "name", name, "in", "query",
                                      "description", json_object_get(schema, "description"),
                                      "schema", schema));
        add_field(components, json_object_get(parameters, name));
        json_object_set_new(options, name, schema);
    }
    json_object_set_new(schemas, "DiarizationOptions",
                        json_pack("{s:s,s:o,s:b}", "type", "object", "properties", options,
                                  "additionalProperties", 0));
}

/* ---- one route ---- */

static json_t *describe_parameters(const struct server_route *route) {
    json_t *list = json_array();
    const char *text = route->parameters, *word, *name;
    size_t n;
    if (strstr(route->path, "{id}"))
        json_array_append_new(list, reference("parameters", "id", 2));
    while ((word = server_next_word(&text, &n))) {
        if (n != strlen("options") || strncmp(word, "options", n))
            json_array_append_new(list, reference("parameters", word, n));
        else
            for (size_t i = 0; (name = server_job_option_name(i)); i++)
                json_array_append_new(list, reference("parameters", name, strlen(name)));
    }
    return list;
}

/* name: of what comes, "": nothing does, or of an error a problem. */
static json_t *describe_answer(const json_t *components, int status, const char *name) {
    const char *title = server_status_title(status);
    if (!*name && status < 400)
        return json_pack("{s:s}", "description", title);
    if (!*name)
        return json_pack("{s:s,s:s}", "$ref", "#/components/responses/Problem", "description",
                         title);
    if (has(components, "responses", name))
        return reference("responses", name, strlen(name));
    return json_pack("{s:s,s:{s:{s:o}}}", "description", title, "content", "application/json",
                     "schema", reference("schemas", name, strlen(name)));
}

static void set_answer(json_t *answers, const json_t *components, int status, const char *name) {
    char key[12];
    snprintf(key, sizeof key, "%d", status);
    if (!json_object_get(answers, key))
        json_object_set_new(answers, key, describe_answer(components, status, name));
}

/* "200 Job, 409" and what every route of its kind answers. */
static json_t *describe_answers(const struct server_route *route, const json_t *components) {
    json_t *answers = json_object();
    for (const char *text = route->answers; text && *text; text += strspn(text, ", ")) {
        char name[64] = "";
        int status = 0;
        if (sscanf(text, "%d %63[A-Za-z]", &status, name) > 0)
            set_answer(answers, components, status, name);
        text += strcspn(text, ",");
    }
    int who = EVERY | (route->open ? 0 : KEYED) | (strstr(route->path, "{id}") ? ITEM : 0);
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i].who & who)
            set_answer(answers, components, usual[i].status, "");
    return answers;
}

/* "get_v1_diarizations_id" */
static json_t *operation_id(const struct server_route *route) {
    char id[128];
    size_t used = 0;
    snprintf(id, sizeof id, "%s_%s", route->method, route->path);
    for (const char *c = id; *c; c++)
        if (isalnum((unsigned char)*c))
            id[used++] = (char)tolower((unsigned char)*c);
        else if (used && id[used - 1] != '_')
            id[used++] = '_';
    return json_stringn(id, used - (used && id[used - 1] == '_'));
}

static json_t *describe_route(const struct server_route *route, const json_t *components) {
    json_t *operation =
        json_pack("{s:o,s:s,s:o,s:o}", "operationId", operation_id(route), "summary",
                  route->summary ? route->summary : "", "parameters", describe_parameters(route),
                  "responses", describe_answers(route, components));
    if (route->request)
        json_object_set_new(operation, "requestBody",
                            reference("requestBodies", route->request, strlen(route->request)));
    if (route->open)
        json_object_set_new(operation, "security", json_array());
    return operation;
}

/* ---- the document ---- */

static json_t *describe_paths(const json_t *components) {
    json_t *paths = json_object();
    const struct server_route *route;
    for (size_t i = 0; (route = server_route_at(i)); i++) {
        char method[8] = "";
        for (size_t k = 0; route->method[k] && k + 1 < sizeof method; k++)
            method[k] = (char)tolower((unsigned char)route->method[k]);
        if (!json_object_get(paths, route->path))
            json_object_set_new(paths, route->path, json_object());
        json_object_set_new(json_object_get(paths, route->path), method,
                            describe_route(route, components));
    }
    return paths;
}

static json_t *describe_components(const struct server *server) {
    json_t *components = json_loads(server_components, 0, NULL);
    json_t *parameters = server_parameters_json();
    json_object_set_new(parameters, "id",
                        json_pack("{s:s,s:s,s:b,s:{s:s,s:s,s:i,s:i}}", "name", "id", "in", "path",
                                  "required", 1, "schema", "type", "string", "pattern",
                                  "^[0-9A-Za-z._-]+$", "minLength", 1, "maxLength", 63));
    json_object_set_new(components, "parameters", parameters);
    json_object_set_new(components, "securitySchemes",
                        json_pack("{s:{s:s,s:s,s:s},s:{s:s,s:s}}", "key", "type", "apiKey", "in",
                                  "header", "name", server->settings->key_header, "bearer", "type",
                                  "http", "scheme", "bearer"));
    add_options(components);
    add_fields(components);
    return components;
}

void server_openapi(struct server *server, struct server_exchange *exchange) {
    json_t *components = describe_components(server);
    json_t *security = json_pack("[{s:[]},{s:[]}]", "key", "bearer");
    if (!server->keys.num)
        json_array_append_new(security, json_object());
    json_t *info =
        json_pack("{s:s,s:s,s:s,s:{s:s,s:s}}", "title", "diarist", "version", diarist_version(),
                  "summary", "who spoke when", "license", "name", "MIT", "identifier", "MIT");
    server_answer_json(exchange, 200,
                       json_pack("{s:s,s:o,s:o,s:o,s:o}", "openapi", "3.1.0", "info", info,
                                 "security", security, "paths", describe_paths(components),
                                 "components", components));
}
