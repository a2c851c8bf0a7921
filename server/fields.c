/* fields.c - names and values.
 * SPDX-License-Identifier: MIT */
#include "fields.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

bool server_is_text(const char *bytes, size_t n) {
    json_t *string = json_stringn(bytes, n);
    json_decref(string);
    return string && !memchr(bytes, 0, n);
}

int server_fields_add(struct server_fields *fields, const char *name, size_t name_bytes,
                      const char *value, size_t value_bytes) {
    if (fields->num == SERVER_MAX_FIELDS)
        return -1;
    if (!server_is_text(name, name_bytes) || !server_is_text(value, value_bytes))
        return -1;
    struct server_field field = {strndup(name, name_bytes), strndup(value, value_bytes)};
    if (!field.name || !field.value) {
        free(field.name);
        free(field.value);
        return -1;
    }
    fields->items[fields->num++] = field;
    return 0;
}

const char *server_fields_get(const struct server_fields *fields, const char *name) {
    for (size_t i = 0; i < fields->num; i++)
        if (!strcmp(fields->items[i].name, name))
            return fields->items[i].value;
    return NULL;
}

void server_fields_clear(struct server_fields *fields) {
    for (size_t i = 0; i < fields->num; i++) {
        free(fields->items[i].name);
        free(fields->items[i].value);
    }
    fields->num = 0;
}
