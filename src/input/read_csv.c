/* read_csv.c - comma-separated values (RFC 4180) with a header line.
 * SPDX-License-Identifier: MIT
 *
 * Columns may come in any order: start, end and speaker are needed; file, confidence and channel
 * are read when there; others are passed over. */
#include "input/readers.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 64 };
enum column { FILE_ID, START, END, SPEAKER, CONFIDENCE, CHANNEL, NUM_COLUMNS };
static const char *const column_names[NUM_COLUMNS] = {"file",    "start",      "end",
                                                      "speaker", "confidence", "channel"};

/* One record: fields point into text, which holds them unquoted one after another, each with a 0.
 */
struct record {
    size_t num;
    struct dr_span fields[MAX_COLUMNS];
    char *text; /* [in->size + MAX_COLUMNS], enough for any record */
};

/* Reads one field at *cursor; returns where its text ends, or NULL for an open quote. */
static char *read_field(struct dr_input *in, const char **cursor, char *out) {
    const char *c = *cursor, *end = in->text + in->size;
    int quoted = c < end && *c == '"';
    if (quoted)
        c++;
    while (c < end) {
        if (quoted && *c == '"') {
            if (c + 1 < end && c[1] == '"')
                c++;
            else
                quoted = 0, c++;
            if (!quoted)
                continue;
        }
        if (!quoted && (*c == ',' || *c == '\n' || (*c == '\r' && c + 1 < end && c[1] == '\n')))
            break;
        in->line += *c == '\n';
        *out++ = *c++;
    }
    *cursor = c;
    return quoted ? NULL : out;
}

/* The next record: 1, 0 at the end, or a status. */
static int read_record(struct dr_input *in, struct record *record) {
    const char *end = in->text + in->size;
    char *out = record->text;
    record->num = 0;
    if (in->next == end)
        return 0;
    in->line++;
    size_t first_line = in->line;
    for (;;) {
        char *field_end = read_field(in, &in->next, out);
        if (!field_end) {
            in->line = first_line;
            return dr_input_fail(in, "a quote is not closed");
        }
        if (record->num == MAX_COLUMNS)
            return dr_input_fail(in, "more than %d columns", MAX_COLUMNS);
        *field_end = 0;
        record->fields[record->num++] = (struct dr_span){out, (size_t)(field_end - out)};
        out = field_end + 1;
        if (in->next == end)
            return 1;
        if (*in->next == ',') {
            in->next++;
            continue;
        }
        in->next += *in->next == '\r' ? 2 : 1;
        return 1;
    }
}

static int read_header(struct dr_input *in, struct record *record, int columns[NUM_COLUMNS]) {
    int status = read_record(in, record);
    for (int c = 0; c < NUM_COLUMNS; c++)
        columns[c] = -1;
    if (status < 0)
        return status;
    for (size_t i = 0; i < record->num; i++)
        for (int c = 0; c < NUM_COLUMNS; c++)
            if (dr_span_equals(dr_span_trim(record->fields[i]), column_names[c]))
                columns[c] = (int)i;
    for (int c = START; c <= SPEAKER; c++)
        if (columns[c] < 0)
            return dr_input_fail(in, "the header has no column \"%s\"", column_names[c]);
    return DIARIST_OK;
}

/* A column's field; empty when the column is not there. */
static struct dr_span field_of(const struct record *record, const int *columns, enum column c) {
    return columns[c] < 0 ? (struct dr_span){"", 0} : record->fields[columns[c]];
}

static int read_row(const struct dr_input *in, diarist_document *document,
                    const struct record *record, const int *columns) {
    struct dr_stated_turn turn = {.confidence = -1};
    double channel = 0;
    for (int c = 0; c < NUM_COLUMNS; c++)
        if (columns[c] >= 0 && (size_t)columns[c] >= record->num)
            return dr_input_fail(in, "the column \"%s\" is missing", column_names[c]);
    if (dr_span_number(dr_span_trim(field_of(record, columns, START)), &turn.start_s))
        return dr_input_fail(in, "start is not a number");
    if (dr_span_number(dr_span_trim(field_of(record, columns, END)), &turn.end_s))
        return dr_input_fail(in, "end is not a number");
    struct dr_span confidence = dr_span_trim(field_of(record, columns, CONFIDENCE));
    if (confidence.size && dr_span_number(confidence, &turn.confidence))
        return dr_input_fail(in, "confidence is not a number");
    struct dr_span field = dr_span_trim(field_of(record, columns, CHANNEL));
    if (field.size && (dr_span_number(field, &channel) || channel < 0 || channel > 65535))
        return dr_input_fail(in, "channel is not a number from 0 to 65535");
    turn.channel = (int32_t)channel;
    turn.speaker = field_of(record, columns, SPEAKER);
    struct dr_span file = field_of(record, columns, FILE_ID);
    struct dr_document_recording *recording;
    int status =
        dr_document_recording(&recording, document, file.size ? file.text : in->id, in->err);
    return status ? status : dr_input_turn(in, recording, DIARIST_OVERLAPPING, &turn);
}

int dr_read_csv(struct dr_input *in, diarist_document *document) {
    struct record record = {.text = malloc(in->size + MAX_COLUMNS)};
    int columns[NUM_COLUMNS];
    if (!record.text)
        return dr_fail_memory(in->err);
    int status = read_header(in, &record, columns);
    while (!status && (status = read_record(in, &record)) > 0) {
        int blank = record.num == 1 && record.fields[0].size == 0;
        status = blank ? DIARIST_OK : read_row(in, document, &record, columns);
    }
    free(record.text);
    return status;
}
