/* json_writer.c - JSON as it is written: commas, indents and escapes (RFC 8259).
 * SPDX-License-Identifier: MIT */
#include "output/json_writer.h"

#include <assert.h>
#include <inttypes.h>

static void new_line(struct dr_json *json) {
    dr_sink_text(json->sink, "\n");
    for (int i = 0; i < json->depth; i++)
        dr_sink_text(json->sink, "  ");
}

/* What stands between the item before and the next one. */
static void separate(struct dr_json *json) {
    if (json->after_key) {
        json->after_key = 0;
        return;
    }
    if (json->depth == 0)
        return;
    int level = json->depth - 1;
    if (json->levels[level].any)
        dr_sink_text(json->sink, json->levels[level].lines ? "," : ", ");
    json->levels[level].any = 1;
    if (json->levels[level].lines)
        new_line(json);
}

void dr_json_begin(struct dr_json *json, char open, int lines) {
    assert(json->depth < DR_JSON_DEPTH);
    separate(json);
    dr_sink_put(json->sink, &open, 1);
    json->levels[json->depth].close = open == '{' ? '}' : ']';
    json->levels[json->depth].lines = lines;
    json->levels[json->depth].any = 0;
    json->depth++;
}

void dr_json_end(struct dr_json *json) {
    assert(json->depth > 0 && !json->after_key);
    json->depth--;
    if (json->levels[json->depth].any && json->levels[json->depth].lines)
        new_line(json);
    dr_sink_put(json->sink, &json->levels[json->depth].close, 1);
    if (json->depth == 0)
        dr_sink_text(json->sink, "\n");
}

static void put_string(struct dr_sink *sink, const char *text) {
    dr_sink_text(sink, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            dr_sink_format(sink, "\\%c", c);
        else if (c == '\n')
            dr_sink_text(sink, "\\n");
        else if (c == '\t')
            dr_sink_text(sink, "\\t");
        else if (c < ' ' || c == 0x7f)
            dr_sink_format(sink, "\\u%04x", c);
        else
            dr_sink_put(sink, text, 1);
    }
    dr_sink_text(sink, "\"");
}

void dr_json_key(struct dr_json *json, const char *key) {
    assert(json->depth > 0 && json->levels[json->depth - 1].close == '}' && !json->after_key);
    separate(json);
    put_string(json->sink, key);
    dr_sink_text(json->sink, ": ");
    json->after_key = 1;
}

void dr_json_string(struct dr_json *json, const char *text) {
    if (!text) {
        dr_json_null(json);
        return;
    }
    separate(json);
    put_string(json->sink, text);
}

void dr_json_seconds(struct dr_json *json, int64_t ms) {
    separate(json);
    dr_sink_seconds(json->sink, ms);
}

void dr_json_integer(struct dr_json *json, int64_t value) {
    separate(json);
    dr_sink_format(json->sink, "%" PRId64, value);
}

void dr_json_fixed(struct dr_json *json, double value, int decimals) {
    separate(json);
    dr_sink_format(json->sink, "%.*f", decimals, value);
}

void dr_json_float(struct dr_json *json, float value) {
    separate(json);
    dr_sink_format(json->sink, "%.9g", (double)value);
}

void dr_json_bool(struct dr_json *json, int value) {
    separate(json);
    dr_sink_text(json->sink, value ? "true" : "false");
}

void dr_json_null(struct dr_json *json) {
    separate(json);
    dr_sink_text(json->sink, "null");
}
