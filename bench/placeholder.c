/* placeholder.c - names in braces.
 * SPDX-License-Identifier: MIT */
#include "placeholder.h"

#include "text.h"

#include <string.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

/* Length of the name when a {name} begins at text, otherwise 0. */
static size_t name_at(const char *text) {
    size_t size = text[0] == '{' ? strspn(text + 1, letters) : 0;
    return size && text[1 + size] == '}' ? size : 0;
}

/* Length of {{name}} when it begins at text, otherwise 0. */
static size_t escaped_at(const char *text) {
    size_t size = text[0] == '{' ? name_at(text + 1) : 0;
    return size && text[size + 3] == '}' ? size + 4 : 0;
}

const char *bench_placeholder_next(const char *text, size_t *size) {
    while (*text) {
        size_t escaped = escaped_at(text);
        *size = name_at(text);
        if (!escaped && *size)
            return text + 1;
        text += escaped ? escaped : 1;
    }
    return NULL;
}

static void add_value(struct bench_text *out, const json_t *value) {
    if (json_is_string(value))
        bench_text_add(out, "%s", json_string_value(value));
    else if (json_is_integer(value))
        bench_text_add(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        bench_text_add(out, "%.9g", json_real_value(value));
    else
        bench_text_add(out, json_is_true(value) ? "true" : "false");
}

char *bench_placeholder_fill(const char *text, const json_t *values) {
    struct bench_text out = {0};
    while (*text) {
        size_t escaped = escaped_at(text), size = name_at(text);
        const json_t *value = size ? json_object_getn(values, text + 1, size) : NULL;
        if (escaped)
            bench_text_bytes(&out, text + 1, escaped - 2);
        else if (value)
            add_value(&out, value);
        else
            bench_text_bytes(&out, text, 1);
        text += escaped ? escaped : value ? size + 2 : 1;
    }
    return bench_text_take(&out);
}
