/* read_textgrid.c - Praat TextGrid, long and short form: interval tiers named after speakers.
 * SPDX-License-Identifier: MIT
 *
 * Praat reads text files as a sequence of free-standing numbers, quoted strings and <flags> and
 * takes everything else for comment (Praat manual, "TextGrid file formats"); so does this reader,
 * and both forms become one: "ooTextFile" "TextGrid" xmin xmax <exists> size size times:
 * "IntervalTier" name xmin xmax size { xmin xmax text } or: "TextTier"     name xmin xmax size {
 * time text } An interval whose text is not blank is a turn of the speaker that the tier is named
 * after. */
#include "input/readers.h"

#include <string.h>

enum { MAX_NAME = 1024 };

static int is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next string, number or flag: 1, or 0 at the end, or a status. A string comes with its quotes.
 */
static int next_token(struct dr_input *in, struct dr_span *token) {
    const char *end = in->text + in->size, *c = in->next;
    for (;;) {
        while (c < end && is_blank(*c))
            in->line += *c++ == '\n';
        if (c == end) {
            in->next = c;
            return 0;
        }
        const char *first = c;
        if (*c == '!') {
            while (c < end && *c != '\n')
                c++;
            continue;
        }
        if (*c == '"') {
            size_t first_line = in->line;
            for (c++; c < end && (*c != '"' || (c + 1 < end && c[1] == '"')); c++) {
                in->line += *c == '\n';
                c += *c == '"';
            }
            if (c == end) {
                in->line = first_line;
                return dr_input_fail(in, "a quote is not closed");
            }
            c++;
        } else {
            while (c < end && !is_blank(*c))
                c++;
        }
        *token = (struct dr_span){first, (size_t)(c - first)};
        in->next = c;
        double number;
        if (*first == '"' || *first == '<' || dr_span_number(*token, &number) == 0)
            return 1;
    }
}

static int next_number(struct dr_input *in, double *out) {
    struct dr_span token;
    int status = next_token(in, &token);
    if (status < 0)
        return status;
    if (status == 0 || dr_span_number(token, out))
        return dr_input_fail(in, "expected a number");
    return DIARIST_OK;
}

/* Without the quotes around it; doubled ones inside stay doubled. */
static int next_string(struct dr_input *in, struct dr_span *out) {
    int status = next_token(in, out);
    if (status < 0)
        return status;
    if (status == 0 || out->text[0] != '"')
        return dr_input_fail(in, "expected a text in quotes");
    *out = (struct dr_span){out->text + 1, out->size - 2};
    return DIARIST_OK;
}

/* A whole number that counts items; each item takes a byte at least, so a larger one is a lie. */
static int next_count(struct dr_input *in, size_t *out) {
    double count;
    int status = next_number(in, &count);
    if (status)
        return status;
    if (count < 0 || count > (double)in->size || count != (double)(size_t)count)
        return dr_input_fail(in, "expected the number of items");
    *out = (size_t)count;
    return DIARIST_OK;
}

static int read_interval(struct dr_input *in, struct dr_document_recording *recording,
                         struct dr_span name) {
    struct dr_stated_turn turn = {.speaker = name, .confidence = -1};
    struct dr_span text;
    int status = next_number(in, &turn.start_s);
    if (!status)
        status = next_number(in, &turn.end_s);
    if (!status)
        status = next_string(in, &text);
    if (status || dr_span_trim(text).size == 0)
        return status;
    return dr_input_turn(in, recording, DIARIST_OVERLAPPING, &turn);
}

static int read_point(struct dr_input *in) {
    double time_s;
    struct dr_span text;
    int status = next_number(in, &time_s);
    return status ? status : next_string(in, &text);
}

static int read_tier(struct dr_input *in, struct dr_document_recording *recording) {
    struct dr_span class, quoted;
    char name[MAX_NAME];
    double range_s;
    size_t num_items = 0, length = 0;
    int status = next_string(in, &class);
    if (!status)
        status = next_string(in, &quoted);
    for (int i = 0; i < 2 && !status; i++)
        status = next_number(in, &range_s);
    if (!status)
        status = next_count(in, &num_items);
    if (status)
        return status;
    if (quoted.size > MAX_NAME)
        return dr_input_fail(in, "a tier's name is longer than %d bytes", MAX_NAME);
    for (size_t i = 0; i < quoted.size; i++, length++) {
        name[length] = quoted.text[i];
        i += quoted.text[i] == '"';
    }
    int intervals = dr_span_equals(class, "IntervalTier");
    if (!intervals && !dr_span_equals(class, "TextTier"))
        return dr_input_fail(in, "expected an IntervalTier or a TextTier");
    for (size_t i = 0; i < num_items && !status; i++)
        status = intervals ? read_interval(in, recording, (struct dr_span){name, length})
                           : read_point(in);
    return status;
}

int dr_read_textgrid(struct dr_input *in, diarist_document *document) {
    struct dr_document_recording *recording;
    struct dr_span token;
    double start_s, end_s;
    size_t num_tiers = 0;
    in->line = 1;
    int status = next_string(in, &token);
    if (!status && !dr_span_begins(token, "ooTextFile"))
        status = dr_input_fail(in, "not a Praat text file");
    if (!status)
        status = next_string(in, &token);
    if (!status && !dr_span_equals(token, "TextGrid"))
        status = dr_input_fail(in, "a Praat file, but not a TextGrid");
    if (!status)
        status = next_number(in, &start_s);
    if (!status)
        status = next_number(in, &end_s);
    if (status)
        return status;
    if (!(end_s >= 0 && end_s <= DR_DOCUMENT_MAX_S))
        return dr_input_fail(in, "xmax lies outside 0 to a billion seconds");
    status = dr_input_recording(in, document, &recording);
    if (status)
        return status;
    recording->duration_s = end_s;
    status = next_token(in, &token);
    if (status > 0 && dr_span_equals(token, "<exists>"))
        status = next_count(in, &num_tiers);
    for (size_t i = 0; i < num_tiers && status >= 0; i++)
        status = read_tier(in, recording);
    return status < 0 ? status : DIARIST_OK;
}
