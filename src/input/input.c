/* input.c - a text file being read: lines, numbers, errors that name the line.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "input/input.h"

#include "base/error.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dr_input_start(struct dr_input *in, const char *name, const char *id, const char *text,
                    size_t size, diarist_error *err) {
    *in = (struct dr_input){name, id, text, size, text, 0, NULL, err};
}

int dr_input_fail(const struct dr_input *in, const char *format, ...) {
    char message[200];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    char line[32] = "";
    if (in->line)
        snprintf(line, sizeof line, " line %zu", in->line);
    return dr_fail(in->err, DIARIST_ERROR_INPUT, "%.120s%s: %.60s%s%s", in->name, line,
                   in->where ? in->where : "", in->where ? ": " : "", message);
}

int dr_input_line(struct dr_input *in, struct dr_span *line) {
    const char *end = in->text + in->size;
    if (in->next == end)
        return 0;
    in->line++;
    const char *feed = memchr(in->next, '\n', (size_t)(end - in->next));
    *line = (struct dr_span){in->next, (size_t)((feed ? feed : end) - in->next)};
    in->next = feed ? feed + 1 : end;
    if (line->size && line->text[line->size - 1] == '\r')
        line->size--;
    if (line->size > DR_INPUT_MAX_LINE)
        return dr_input_fail(in, "the line is longer than 1 MiB");
    return 1;
}

struct dr_span dr_span_of(const char *text) {
    return (struct dr_span){text, strlen(text)};
}

static int is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct dr_span dr_span_trim(struct dr_span span) {
    while (span.size && is_blank(span.text[0]))
        span.text++, span.size--;
    while (span.size && is_blank(span.text[span.size - 1]))
        span.size--;
    return span;
}

size_t dr_span_fields(struct dr_span line, struct dr_span *fields, size_t max) {
    size_t num = 0, i = 0;
    while (num < max) {
        while (i < line.size && (line.text[i] == ' ' || line.text[i] == '\t'))
            i++;
        if (i == line.size)
            break;
        size_t first = i;
        while (i < line.size && line.text[i] != ' ' && line.text[i] != '\t')
            i++;
        fields[num++] = (struct dr_span){line.text + first, i - first};
    }
    return num;
}

int dr_span_equals(struct dr_span span, const char *text) {
    return span.size == strlen(text) && memcmp(span.text, text, span.size) == 0;
}

int dr_span_begins(struct dr_span span, const char *text) {
    return span.size >= strlen(text) && memcmp(span.text, text, strlen(text)) == 0;
}

size_t dr_span_find(struct dr_span span, const char *text) {
    const char *found = memmem(span.text, span.size, text, strlen(text));
    return found ? (size_t)(found - span.text) : span.size;
}

int dr_span_number(struct dr_span span, double *out) {
    char digits[64];
    if (span.size == 0 || span.size >= sizeof digits)
        return -1;
    memcpy(digits, span.text, span.size);
    digits[span.size] = 0;
    if (strspn(digits, "0123456789+-.eE") != span.size)
        return -1;
    char *end;
    double value = strtod(digits, &end);
    if (*end || end == digits || !isfinite(value))
        return -1;
    *out = value;
    return 0;
}

int dr_input_turn(const struct dr_input *in, struct dr_document_recording *recording,
                  diarist_view view, const struct dr_stated_turn *stated) {
    /* Negated comparisons, so that NaN is refused too. */
    if (!(stated->start_s >= 0))
        return dr_input_fail(in, "the start is negative");
    if (!(stated->end_s >= stated->start_s))
        return dr_input_fail(in, "the turn ends before it starts");
    if (!(stated->end_s <= DR_DOCUMENT_MAX_S))
        return dr_input_fail(in, "the turn ends after more than a billion seconds");
    if (stated->confidence != -1 && !(stated->confidence >= 0 && stated->confidence <= 1))
        return dr_input_fail(in, "the confidence does not lie between 0 and 1");
    if (stated->speaker.size == 0)
        return dr_input_fail(in, "the speaker's name is empty");
    struct dr_document_turn turn = {.start_s = stated->start_s,
                                    .end_s = stated->end_s,
                                    .channel = stated->channel,
                                    .confidence = (float)stated->confidence};
    int status = dr_recording_speaker(&turn.speaker, recording, stated->speaker.text,
                                      stated->speaker.size, in->err);
    return status ? status : dr_recording_add_turn(recording, view, &turn, in->err);
}

int dr_input_recording(const struct dr_input *in, diarist_document *document,
                       struct dr_document_recording **out) {
    return dr_document_recording(out, document, in->id, in->err);
}
