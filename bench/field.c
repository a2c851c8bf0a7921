/* field.c - fields of a JSON document that somebody wrote.
 * SPDX-License-Identifier: MIT */
#include "field.h"

#include "common/choice.h"
#include "common/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int bench_field_wrong(const struct bench_place *place, const char *key, const char *format, ...) {
    char what[200];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return common_fail(place->err, DIARIST_ERROR_ARGUMENT, "%s%s%s: %s", place->path,
                       *place->path && *key ? "." : "", key, what);
}

int bench_check_keys(const struct bench_place *place, json_t *object, const char *known) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key,
                        value) if (common_choice(known, key) <
                                   0) return bench_field_wrong(place, key,
                                                               "is not known; there are %s", known);
    return DIARIST_OK;
}

int bench_get_whole(json_int_t *out, const struct bench_place *place, const json_t *object,
                    const char *key, json_int_t min, json_int_t max, json_int_t otherwise) {
    const json_t *value = json_object_get(object, key);
    *out = otherwise;
    if (!value || json_is_null(value))
        return DIARIST_OK;
    *out = json_integer_value(value);
    if (!json_is_integer(value) || *out < min || *out > max)
        return bench_field_wrong(place, key, "is no whole number from %lld to %lld; give one",
                                 (long long)min, (long long)max);
    return DIARIST_OK;
}

int bench_check_id(const struct bench_place *place, const char *key, const json_t *value) {
    const char *id = json_string_value(value);
    if (!id)
        return bench_field_wrong(place, key, "is missing or no text; give a name");
    if (!*id || strlen(id) > BENCH_MAX_ID || json_string_length(value) != strlen(id) ||
        *id == '.' ||
        strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
            strlen(id))
        return bench_field_wrong(
            place, key, "takes up to %d letters, digits, - _ and . (not first)", BENCH_MAX_ID);
    return DIARIST_OK;
}

bool bench_is_text(const json_t *value) {
    return json_is_string(value) && json_string_length(value) > 0 &&
           strlen(json_string_value(value)) == json_string_length(value);
}

int bench_check_text(const struct bench_place *place, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (value && !json_is_null(value) && !bench_is_text(value))
        return bench_field_wrong(place, key, "is no text; give some, or null");
    return DIARIST_OK;
}

json_t *bench_with_all_keys(const json_t *object, const char *known) {
    json_t *out = json_object();
    for (const char *at = known; at && *at;) {
        size_t size = strcspn(at, "|");
        json_t *value = json_object_getn(object, at, size);
        json_object_setn_new(out, at, size, value ? json_deep_copy(value) : json_null());
        at += size + (at[size] == '|');
    }
    return out;
}
