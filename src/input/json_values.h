/* json_values.h - values out of a parsed JSON file, with errors that say where.
 * SPDX-License-Identifier: MIT */
#ifndef DR_INPUT_JSON_VALUES_H
#define DR_INPUT_JSON_VALUES_H

#include "input/input.h"

#include <jansson.h>

/* Parses the whole text; *root is the caller's to json_decref. */
int dr_json_parse(json_t **root, struct dr_input *in);

/* What stands under key: absent and null leave *out as it is; anything of another kind is an error.
 */
int dr_json_get_number(const struct dr_input *in, json_t *object, const char *key, double *out);
/* Replaces *out by a copy. */
int dr_json_get_text(const struct dr_input *in, json_t *object, const char *key, char **out);
/* A whole number from 0 to 2^31 - 1. */
int dr_json_get_count(const struct dr_input *in, json_t *object, const char *key, int32_t *out);

/* Which turns of an array are read, and how. */
struct dr_json_turns {
    const char *name; /* of the array, for messages */
    diarist_view view;
    double unit_s;       /* of start and end: 1, or 0.001 */
    int confidence;      /* 1: "confidence" is a share of 1 */
    int speaker_missing; /* 1: objects without a speaker are passed over */
};

/* Adds {"start", "end", "speaker", "confidence"?, "channel"?}. */
int dr_json_add_turn(const struct dr_input *in, struct dr_document_recording *recording,
                     json_t *object, const struct dr_json_turns *how);
/* The same for every object of an array. */
int dr_json_add_turns(const struct dr_input *in, struct dr_document_recording *recording,
                      json_t *array, const struct dr_json_turns *how);

#endif
