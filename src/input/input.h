/* input.h - a text file being read: lines, numbers, errors that name the line.
 * SPDX-License-Identifier: MIT
 *
 * file -> dr_input_load (at most 64 MiB, UTF-8 or UTF-16 with a byte order mark) -> dr_reader_fn */
#ifndef DR_INPUT_INPUT_H
#define DR_INPUT_INPUT_H

#include "document.h"

enum { DR_INPUT_MAX_BYTES = 64 << 20, DR_INPUT_MAX_LINE = 1 << 20 };

/* Bytes inside the text; not terminated. */
struct dr_span {
    const char *text;
    size_t size;
};

struct dr_input {
    const char *name; /* for messages */
    const char *id;   /* of the recording, for formats that do not say */
    const char *text; /* [size] and a 0 behind */
    size_t size;
    const char *next;  /* first byte not yet given as a line */
    size_t line;       /* number of the line given last; 0: none, messages name no line */
    const char *where; /* NULL, or what messages name too: "diarization[3]" */
    diarist_error *err;
};

/* Reads path ("-": standard input) whole. *text is the caller's to free. */
int dr_input_load(char **text, size_t *size, const char *path, diarist_error *err);

void dr_input_start(struct dr_input *in, const char *name, const char *id, const char *text,
                    size_t size, diarist_error *err);

/* DIARIST_ERROR_INPUT with "NAME line N: WHERE: " before the message. */
int dr_input_fail(const struct dr_input *in, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The next line without its LF or CRLF: 1, or 0 at the end, or a status when it is longer than
 * DR_INPUT_MAX_LINE. */
int dr_input_line(struct dr_input *in, struct dr_span *line);

struct dr_span dr_span_of(const char *text);      /* a terminated text */
struct dr_span dr_span_trim(struct dr_span span); /* without blanks at both ends */
int dr_span_equals(struct dr_span span, const char *text);
int dr_span_begins(struct dr_span span, const char *text);
/* What stands between blanks, the first max of them; returns how many. */
size_t dr_span_fields(struct dr_span line, struct dr_span *fields, size_t max);
/* Where text begins in span, or span.size. */
size_t dr_span_find(struct dr_span span, const char *text);
/* A decimal number and nothing else: 0, or -1. Infinity, NaN and hexadecimal are none. Needs the
 * "C" numeric locale. */
int dr_span_number(struct dr_span span, double *out);

/* One turn as a file states it. */
struct dr_stated_turn {
    double start_s, end_s;
    struct dr_span speaker;
    int32_t channel;   /* 0: all */
    double confidence; /* -1: unknown */
};

/* Checks and adds a turn; a speaker not seen before is added too. Refuses times that are negative,
 * run backwards or lie beyond DR_DOCUMENT_MAX_S, and confidences outside [0, 1]. */
int dr_input_turn(const struct dr_input *in, struct dr_document_recording *recording,
                  diarist_view view, const struct dr_stated_turn *stated);

/* The recording that in->id names. */
int dr_input_recording(const struct dr_input *in, diarist_document *document,
                       struct dr_document_recording **out);

#endif
