/* fields.h - names and values of a query or a form.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_FIELDS_H
#define SERVER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

enum { SERVER_MAX_FIELDS = 64, SERVER_MAX_FIELD_BYTES = 2048 };

struct server_fields {
    size_t num;
    struct server_field {
        char *name, *value;
    } items[SERVER_MAX_FIELDS];
};

/* Whether bytes are UTF-8 without a zero: what names and values must be, as JSON can hold no other.
 */
bool server_is_text(const char *bytes, size_t n);

/* Copies. -1: one is no text, there are too many of them, or no memory. */
int server_fields_add(struct server_fields *fields, const char *name, size_t name_bytes,
                      const char *value, size_t value_bytes);
/* The first value of that name, or NULL. */
const char *server_fields_get(const struct server_fields *fields, const char *name);
void server_fields_clear(struct server_fields *fields);

#endif
