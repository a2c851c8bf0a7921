/* field.h - fields of a JSON document that somebody wrote: is each what it should be?
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_FIELD_H
#define BENCH_FIELD_H

#include "diarist/diarist.h"

#include <jansson.h>
#include <stdbool.h>

enum { BENCH_MAX_ID = 64 };

/* Where an object is, and who wants to know what is wrong with its fields. */
struct bench_place {
    const char *path; /* "systems[1]", "" at the top, "FILE: [1]" in a list of systems */
    diarist_error *err;
};

/* "systems[1].params.preset: ..."; returns DIARIST_ERROR_ARGUMENT, as all functions here that say
 * what is wrong. */
int bench_field_wrong(const struct bench_place *place, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Every key of object is in the list. */
int bench_check_keys(const struct bench_place *place, json_t *object, const char *known);
/* A copy of object with the keys of the list that it lacks as null. */
json_t *bench_with_all_keys(const json_t *object, const char *known);

/* A whole number, or otherwise where the key is missing or null. */
int bench_get_whole(json_int_t *out, const struct bench_place *place, const json_t *object,
                    const char *key, json_int_t min, json_int_t max, json_int_t otherwise);
/* A name that can be a folder's. */
int bench_check_id(const struct bench_place *place, const char *key, const json_t *value);
bool bench_is_text(const json_t *value); /* and not empty */
/* Text, or null where the key is missing. */
int bench_check_text(const struct bench_place *place, const json_t *object, const char *key);

#endif
