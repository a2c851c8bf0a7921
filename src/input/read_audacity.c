/* read_audacity.c - label track of the Audacity editor: start, tab, end, tab, speaker.
 * SPDX-License-Identifier: MIT
 * Lines that begin with a backslash give a label's frequency range. */
#include "input/readers.h"

/* Cuts the field before the next tab off line. */
static struct dr_span next_field(struct dr_span *line) {
    size_t tab = dr_span_find(*line, "\t");
    struct dr_span field = {line->text, tab};
    size_t used = tab < line->size ? tab + 1 : tab;
    line->text += used;
    line->size -= used;
    return dr_span_trim(field);
}

int dr_read_audacity(struct dr_input *in, diarist_document *document) {
    struct dr_document_recording *recording;
    struct dr_span line;
    int status = dr_input_recording(in, document, &recording);
    if (status)
        return status;
    while ((status = dr_input_line(in, &line)) > 0) {
        if (dr_span_trim(line).size == 0 || dr_span_begins(line, "\\"))
            continue;
        struct dr_stated_turn turn = {.confidence = -1};
        struct dr_span start = next_field(&line), end = next_field(&line);
        if (dr_span_number(start, &turn.start_s))
            return dr_input_fail(in, "start is not a number");
        if (dr_span_number(end, &turn.end_s))
            return dr_input_fail(in, "end is not a number");
        turn.speaker = dr_span_trim(line);
        status = dr_input_turn(in, recording, DIARIST_OVERLAPPING, &turn);
        if (status)
            return status;
    }
    return status;
}
