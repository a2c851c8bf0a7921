/* json_writer.h - JSON as it is written: commas, indents and escapes.
 * SPDX-License-Identifier: MIT
 *
 * Calls nest as the document does; inside objects every value follows a dr_json_key. A wrong
 * nesting is a programmer's error and asserted. */
#ifndef DR_OUTPUT_JSON_WRITER_H
#define DR_OUTPUT_JSON_WRITER_H

#include "output/sink.h"

enum { DR_JSON_DEPTH = 8 };

struct dr_json {
    struct dr_sink *sink;
    int depth;
    int after_key;
    struct {
        char close;
        int lines; /* every item on a line of its own */
        int any;   /* there was an item */
    } levels[DR_JSON_DEPTH];
};

/* open: '{' or '['. lines: every item on a line of its own, otherwise all on one line. */
void dr_json_begin(struct dr_json *json, char open, int lines);
void dr_json_end(struct dr_json *json);
void dr_json_key(struct dr_json *json, const char *key);

void dr_json_string(struct dr_json *json, const char *text); /* valid UTF-8; NULL: null */
void dr_json_seconds(struct dr_json *json, int64_t ms);      /* three decimals */
void dr_json_integer(struct dr_json *json, int64_t value);
void dr_json_fixed(struct dr_json *json, double value, int decimals); /* finite */
void dr_json_float(struct dr_json *json, float value); /* finite; reads back the same */
void dr_json_bool(struct dr_json *json, int value);
void dr_json_null(struct dr_json *json);

#endif
