/* read_jsonl.c - a JSON object per turn and line.
 * SPDX-License-Identifier: MIT */
#include "input/json_values.h"
#include "input/readers.h"

static int read_object(const struct dr_input *in, diarist_document *document, json_t *object) {
    static const struct dr_json_turns how = {
        .view = DIARIST_OVERLAPPING, .unit_s = 1, .confidence = 1};
    struct dr_document_recording *recording;
    json_t *file = json_object_get(object, "file");
    if (file && !json_is_string(file))
        return dr_input_fail(in, "file is not a text");
    const char *id = json_string_value(file);
    int status = dr_document_recording(&recording, document, id && *id ? id : in->id, in->err);
    return status ? status : dr_json_add_turn(in, recording, object, &how);
}

int dr_read_jsonl(struct dr_input *in, diarist_document *document) {
    struct dr_span line;
    int status;
    while ((status = dr_input_line(in, &line)) > 0) {
        if (dr_span_trim(line).size == 0)
            continue;
        json_error_t error;
        json_t *object = json_loadb(line.text, line.size, 0, &error);
        if (!object)
            return dr_input_fail(in, "not JSON: %s", error.text);
        status = read_object(in, document, object);
        json_decref(object);
        if (status)
            return status;
    }
    return status;
}
