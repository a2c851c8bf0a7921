/* read_cues.c - SubRip and WebVTT subtitles whose cues name their speakers.
 * SPDX-License-Identifier: MIT
 *
 * A speaker is named by a voice tag "<v NAME>" (WebVTT; one cue may hold several), by "NAME:
 * words", by "[NAME]: words" (WhisperX), or by a cue that is nothing but a short name (ours). */
#include "input/readers.h"

#include <string.h>

enum { MAX_BARE_NAME = 64, MAX_NAME = 1024 };

static int is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Digits only, so that "1e3" is no hour: 0 or -1. */
static int read_digits(struct dr_span span, double *out) {
    for (size_t i = 0; i < span.size; i++)
        if (span.text[i] < '0' || span.text[i] > '9')
            return -1;
    return dr_span_number(span, out);
}

/* [HH:]MM:SS.mmm or with a comma: 0 or -1. */
static int read_clock(struct dr_span span, double *seconds) {
    double value = 0, part;
    for (int colons = 0;; colons++) {
        size_t colon = dr_span_find(span, ":");
        if (colon == span.size) {
            size_t mark = dr_span_find(span, ".");
            if (mark == span.size)
                mark = dr_span_find(span, ",");
            if (colons == 0 || mark == 0 || mark + 1 >= span.size)
                return -1;
            struct dr_span thousandths = {span.text + mark + 1, span.size - mark - 1};
            if (read_digits((struct dr_span){span.text, mark}, &part) || thousandths.size != 3)
                return -1;
            value = value * 60 + part;
            if (read_digits(thousandths, &part))
                return -1;
            *seconds = value + part / 1000;
            return 0;
        }
        if (colons == 2 || read_digits((struct dr_span){span.text, colon}, &part))
            return -1;
        value = value * 60 + part;
        span = (struct dr_span){span.text + colon + 1, span.size - colon - 1};
    }
}

/* "00:01.000 --> 00:02.000 settings" -> turn's times. */
static int read_times(const struct dr_input *in, struct dr_span line, struct dr_stated_turn *turn) {
    size_t arrow = dr_span_find(line, "-->");
    struct dr_span start = dr_span_trim((struct dr_span){line.text, arrow});
    struct dr_span end =
        dr_span_trim((struct dr_span){line.text + arrow + 3, line.size - arrow - 3});
    size_t settings = 0;
    while (settings < end.size && !is_blank(end.text[settings]))
        settings++;
    end.size = settings;
    if (read_clock(start, &turn->start_s) || read_clock(end, &turn->end_s))
        return dr_input_fail(in, "expected times such as 00:00:01.000 --> 00:00:02.000");
    return DIARIST_OK;
}

/* Undoes the escapes of WebVTT; out[size of span]. */
static size_t unescape(char *out, struct dr_span span) {
    static const struct {
        const char *escape, *text;
    } escapes[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&nbsp;", " "}};
    size_t used = 0;
    while (span.size) {
        size_t taken = 1;
        char c = span.text[0];
        for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++)
            if (dr_span_begins(span, escapes[i].escape)) {
                taken = strlen(escapes[i].escape);
                c = escapes[i].text[0];
            }
        out[used++] = c;
        span.text += taken;
        span.size -= taken;
    }
    return used;
}

/* Adds the turn once for every voice tag in a cue's text; *num counts them. */
static int add_voices(const struct dr_input *in, struct dr_document_recording *recording,
                      struct dr_span text, struct dr_stated_turn *turn, size_t *num) {
    char name[MAX_NAME];
    *num = 0;
    for (size_t open; (open = dr_span_find(text, "<v")) < text.size;) {
        text = (struct dr_span){text.text + open + 2, text.size - open - 2};
        size_t close = dr_span_find(text, ">");
        if (close == text.size)
            return dr_input_fail(in, "a voice tag is not closed");
        struct dr_span tag = {text.text, close};
        text = (struct dr_span){text.text + close + 1, text.size - close - 1};
        /* <v.loud.slow NAME>: classes end at the first blank. */
        size_t blank = 0;
        while (blank < tag.size && !is_blank(tag.text[blank]))
            blank++;
        if (blank > 0 && tag.text[0] != '.')
            continue;
        struct dr_span annotation =
            dr_span_trim((struct dr_span){tag.text + blank, tag.size - blank});
        if (annotation.size > MAX_NAME)
            return dr_input_fail(in, "a name is longer than %d bytes", MAX_NAME);
        turn->speaker = (struct dr_span){name, unescape(name, annotation)};
        int status = dr_input_turn(in, recording, DIARIST_OVERLAPPING, turn);
        if (status)
            return status;
        ++*num;
    }
    return DIARIST_OK;
}

/* The name that a cue without voice tags begins with; empty when there is none. */
static struct dr_span plain_name(struct dr_span text) {
    size_t length = dr_span_find(text, "\n");
    int one_line = dr_span_trim((struct dr_span){text.text + length, text.size - length}).size == 0;
    struct dr_span line = dr_span_trim((struct dr_span){text.text, length});
    size_t bracket = dr_span_find(line, "]:");
    if (dr_span_begins(line, "[") && bracket < line.size)
        return dr_span_trim((struct dr_span){line.text + 1, bracket - 1});
    size_t colon = dr_span_find(line, ": ");
    if (colon < line.size)
        return dr_span_trim((struct dr_span){line.text, colon});
    if (line.size && line.text[line.size - 1] == ':')
        return (struct dr_span){line.text, line.size - 1};
    return one_line && line.size <= MAX_BARE_NAME ? line : (struct dr_span){line.text, 0};
}

/* Lines up to the next blank one. */
static int read_text(struct dr_input *in, struct dr_span *text) {
    struct dr_span line;
    int status;
    *text = (struct dr_span){in->next, 0};
    while ((status = dr_input_line(in, &line)) > 0 && dr_span_trim(line).size)
        text->size = (size_t)(line.text + line.size - text->text);
    return status < 0 ? status : DIARIST_OK;
}

/* times: the cue's line of times, just read. */
static int read_cue(struct dr_input *in, struct dr_document_recording *recording,
                    struct dr_span times) {
    struct dr_stated_turn turn = {.confidence = -1};
    struct dr_span text;
    size_t num_voices, first_line = in->line, last_line;
    int status = read_times(in, times, &turn);
    if (!status)
        status = read_text(in, &text);
    if (status)
        return status;
    last_line = in->line;
    in->line = first_line;
    status = add_voices(in, recording, text, &turn, &num_voices);
    if (!status && num_voices == 0) {
        turn.speaker = plain_name(text);
        status = turn.speaker.size ? dr_input_turn(in, recording, DIARIST_OVERLAPPING, &turn)
                                   : dr_input_fail(in, "the cue does not say who speaks");
    }
    in->line = last_line;
    return status;
}

static int read_cues(struct dr_input *in, diarist_document *document) {
    struct dr_document_recording *recording;
    struct dr_span line;
    int status = dr_input_recording(in, document, &recording);
    if (status)
        return status;
    while ((status = dr_input_line(in, &line)) > 0) {
        if (dr_span_trim(line).size == 0)
            continue;
        if (dr_span_begins(line, "NOTE") || dr_span_begins(line, "STYLE") ||
            dr_span_begins(line, "REGION")) {
            status = read_text(in, &line);
        } else {
            /* A cue may have a number or a name before its times. */
            if (dr_span_find(line, "-->") == line.size && (status = dr_input_line(in, &line)) < 0)
                return status;
            if (status == 0 || dr_span_find(line, "-->") == line.size)
                return dr_input_fail(in, "expected times such as 00:00:01.000 --> 00:00:02.000");
            status = read_cue(in, recording, line);
        }
        if (status)
            return status;
    }
    return status;
}

int dr_read_srt(struct dr_input *in, diarist_document *document) {
    return read_cues(in, document);
}

int dr_read_vtt(struct dr_input *in, diarist_document *document) {
    struct dr_span line;
    int status = dr_input_line(in, &line);
    if (status < 0)
        return status;
    if (status == 0 || !dr_span_begins(line, "WEBVTT"))
        return dr_input_fail(in, "not WebVTT: the first line must begin with WEBVTT");
    status = read_text(in, &line);
    return status ? status : read_cues(in, document);
}
