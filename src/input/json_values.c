/* json_values.c - values out of a parsed JSON file, with errors that say where.
 * SPDX-License-Identifier: MIT */
#include "input/json_values.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>

int dr_json_parse(json_t **root, struct dr_input *in) {
    json_error_t error;
    *root = json_loadb(in->text, in->size, 0, &error);
    if (*root)
        return DIARIST_OK;
    if (json_error_code(&error) == json_error_out_of_memory)
        return dr_fail_memory(in->err);
    in->line = error.line > 0 ? (size_t)error.line : 0;
    return dr_input_fail(in, "not JSON: %s", error.text);
}

int dr_json_get_number(const struct dr_input *in, json_t *object, const char *key, double *out) {
    json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value))
        return DIARIST_OK;
    if (!json_is_number(value))
        return dr_input_fail(in, "%s is not a number", key);
    *out = json_number_value(value);
    return DIARIST_OK;
}

int dr_json_get_text(const struct dr_input *in, json_t *object, const char *key, char **out) {
    json_t *value = json_object_get(object, key);
    if (!value || json_is_null(value))
        return DIARIST_OK;
    if (!json_is_string(value))
        return dr_input_fail(in, "%s is not a text", key);
    return dr_document_set_text(out, json_string_value(value), json_string_length(value), in->err);
}

int dr_json_get_count(const struct dr_input *in, json_t *object, const char *key, int32_t *out) {
    double value = *out;
    int status = dr_json_get_number(in, object, key, &value);
    if (status)
        return status;
    if (!(value >= 0 && value <= INT32_MAX) || value != floor(value))
        return dr_input_fail(in, "%s is not a whole number of at least 0", key);
    *out = (int32_t)value;
    return DIARIST_OK;
}

int dr_json_add_turn(const struct dr_input *in, struct dr_document_recording *recording,
                     json_t *object, const struct dr_json_turns *how) {
    struct dr_stated_turn turn = {.start_s = NAN, .end_s = NAN, .confidence = -1};
    if (!json_is_object(object))
        return dr_input_fail(in, "not an object");
    json_t *speaker = json_object_get(object, "speaker");
    if (how->speaker_missing && (!speaker || json_is_null(speaker)))
        return DIARIST_OK;
    if (!json_is_string(speaker))
        return dr_input_fail(in, "speaker is not a text");
    turn.speaker = (struct dr_span){json_string_value(speaker), json_string_length(speaker)};
    int status = dr_json_get_number(in, object, "start", &turn.start_s);
    if (!status)
        status = dr_json_get_number(in, object, "end", &turn.end_s);
    if (!status && how->confidence)
        status = dr_json_get_number(in, object, "confidence", &turn.confidence);
    if (!status)
        status = dr_json_get_count(in, object, "channel", &turn.channel);
    if (status)
        return status;
    if (isnan(turn.start_s) || isnan(turn.end_s))
        return dr_input_fail(in, "there is no %s", isnan(turn.start_s) ? "start" : "end");
    turn.start_s *= how->unit_s;
    turn.end_s *= how->unit_s;
    return dr_input_turn(in, recording, how->view, &turn);
}

int dr_json_add_turns(const struct dr_input *in, struct dr_document_recording *recording,
                      json_t *array, const struct dr_json_turns *how) {
    char where[64];
    struct dr_input at = *in;
    at.where = how->name;
    if (!json_is_array(array))
        return dr_input_fail(&at, "not an array");
    at.where = where;
    int status = DIARIST_OK;
    for (size_t i = 0; i < json_array_size(array) && !status; i++) {
        snprintf(where, sizeof where, "%s[%zu]", how->name, i);
        status = dr_json_add_turn(&at, recording, json_array_get(array, i), how);
    }
    return status;
}
