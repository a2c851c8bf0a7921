/* read_rttm.c - Rich Transcription Time Marked, 9 or 10 fields, any number of recordings.
 * SPDX-License-Identifier: MIT
 *
 * Lines that are blank, comments (;; or #) or of one of the other types of the format say nothing
 * of who spoke when; anything else is an error. */
#include "input/readers.h"

#include <string.h>

enum { MAX_FIELDS = 11 };

static int is_other_type(struct dr_span type) {
    static const char *const types[] = {
        "SPKR-INFO", "SEGMENT", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER",        "EDIT",
        "SU",        "IP",      "CB",     "A/P",     "NOSCORE",    "NO_RT_METADATA"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (dr_span_equals(type, types[i]))
            return 1;
    return 0;
}

static int read_channel(const struct dr_input *in, struct dr_span field, int32_t *out) {
    double channel;
    *out = 0;
    if (dr_span_equals(field, "<NA>"))
        return DIARIST_OK;
    if (dr_span_number(field, &channel) || channel < 0 || channel > 65535 ||
        channel != (double)(int32_t)channel)
        return dr_input_fail(in, "channel is not a number from 1 to 65535");
    *out = (int32_t)channel;
    return DIARIST_OK;
}

static int read_speaker_line(const struct dr_input *in, diarist_document *document,
                             const struct dr_span *fields, size_t num) {
    if (num < 9 || num >= MAX_FIELDS)
        return dr_input_fail(in, "%s fields; a SPEAKER line has 9 or 10",
                             num < 9 ? "too few" : "too many");
    struct dr_stated_turn turn = {.speaker = fields[7], .confidence = -1};
    double duration_s;
    if (dr_span_number(fields[3], &turn.start_s))
        return dr_input_fail(in, "onset is not a number");
    if (dr_span_number(fields[4], &duration_s))
        return dr_input_fail(in, "duration is not a number");
    if (duration_s < 0)
        return dr_input_fail(in, "duration is negative");
    turn.end_s = turn.start_s + duration_s;
    /* Some tools write a score of another scale here; only a share of 1 is a confidence. */
    double confidence;
    if (!dr_span_number(fields[8], &confidence) && confidence >= 0 && confidence <= 1)
        turn.confidence = confidence;
    int status = read_channel(in, fields[2], &turn.channel);
    if (status)
        return status;
    char id[1024];
    struct dr_document_recording *recording;
    if (fields[1].size >= sizeof id)
        return dr_input_fail(in, "the file id is longer than 1023 bytes");
    memcpy(id, fields[1].text, fields[1].size);
    id[fields[1].size] = 0;
    status = dr_document_recording(&recording, document, id, in->err);
    return status ? status : dr_input_turn(in, recording, DIARIST_OVERLAPPING, &turn);
}

/* RTTM has no word for "all channels" but 1: only a recording with a second one has a first. */
static void forget_lone_channel(struct dr_document_recording *recording) {
    struct dr_document_turns *turns = &recording->turns[DIARIST_OVERLAPPING];
    for (size_t i = 0; i < turns->num; i++)
        if (turns->items[i].channel > 1)
            return;
    for (size_t i = 0; i < turns->num; i++)
        turns->items[i].channel = 0;
}

int dr_read_rttm(struct dr_input *in, diarist_document *document) {
    struct dr_span line, fields[MAX_FIELDS];
    int status;
    while ((status = dr_input_line(in, &line)) > 0) {
        size_t num = dr_span_fields(dr_span_trim(line), fields, MAX_FIELDS);
        if (num == 0 || dr_span_begins(fields[0], ";;") || dr_span_begins(fields[0], "#") ||
            is_other_type(fields[0]))
            continue;
        if (!dr_span_equals(fields[0], "SPEAKER"))
            return dr_input_fail(in, "not RTTM: a line begins with SPEAKER, not \"%.*s\"",
                                 (int)(fields[0].size < 20 ? fields[0].size : 20), fields[0].text);
        status = read_speaker_line(in, document, fields, num);
        if (status)
            return status;
    }
    for (size_t r = 0; r < document->num_recordings && !status; r++)
        forget_lone_channel(document->recordings[r]);
    return status;
}
