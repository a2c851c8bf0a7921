/* prepare.c - what writers share: turns in whole milliseconds, labels, times.
 * SPDX-License-Identifier: MIT */
#include "output/prepare.h"

#include "base/error.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_turns(const void *left, const void *right) {
    const struct dr_ms_turn *a = left, *b = right;
    int order = COMPARE(a->start_ms, b->start_ms);
    if (!order)
        order = COMPARE(a->speaker, b->speaker);
    if (!order)
        order = COMPARE(a->end_ms, b->end_ms);
    if (!order)
        order = COMPARE(a->channel, b->channel);
    return order ? order : COMPARE(a->confidence, b->confidence);
}

/* The 1e-6 ms forgive a length such as 10.001 s, which binary fractions hold as 10.00099999. */
static int64_t whole_ms(double seconds) {
    return (int64_t)floor(seconds * 1000 + 1e-6);
}

int dr_ms_turns(struct dr_ms_turns *out, const struct dr_document_recording *recording,
                diarist_view view, diarist_error *err) {
    const struct dr_document_turns *turns = &recording->turns[view];
    *out = (struct dr_ms_turns){0};
    if (turns->num == 0)
        return DIARIST_OK;
    out->items = calloc(turns->num, sizeof *out->items);
    if (!out->items)
        return dr_fail_memory(err);
    int64_t limit_ms = recording->duration_s > 0 ? whole_ms(recording->duration_s) : INT64_MAX;
    for (size_t i = 0; i < turns->num; i++) {
        const struct dr_document_turn *turn = &turns->items[i];
        struct dr_ms_turn ms = {llround(turn->start_s * 1000),
                                llround(turn->end_s * 1000),
                                turn->speaker,
                                turn->channel,
                                turn->confidence,
                                turn->overlap};
        if (ms.end_ms > limit_ms)
            ms.end_ms = limit_ms;
        if (ms.start_ms < ms.end_ms)
            out->items[out->num++] = ms;
    }
    if (out->num)
        qsort(out->items, out->num, sizeof *out->items, compare_turns);
    return DIARIST_OK;
}

void dr_ms_turns_free(struct dr_ms_turns *turns) {
    free(turns->items);
    *turns = (struct dr_ms_turns){0};
}

int64_t dr_ms_duration(const struct dr_document_recording *recording) {
    if (recording->duration_s > 0)
        return whole_ms(recording->duration_s);
    double end_s = 0;
    for (size_t i = 0; i < recording->turns[DIARIST_OVERLAPPING].num; i++)
        end_s = fmax(end_s, recording->turns[DIARIST_OVERLAPPING].items[i].end_s);
    return llround(end_s * 1000);
}

int dr_one_recording(const struct dr_document_recording **out, const diarist_document *document,
                     const char *format, diarist_error *err) {
    if (document->num_recordings == 1) {
        *out = document->recordings[0];
        return DIARIST_OK;
    }
    if (document->num_recordings == 0)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "there is no recording to write");
    return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                   "%s holds one recording, not %zu; write rttm, csv or jsonl, or one file each",
                   format, document->num_recordings);
}

const char *dr_turn_label(const struct dr_document_recording *recording,
                          const struct dr_ms_turn *turn) {
    return dr_speaker_label(&recording->speakers[turn->speaker]);
}

/* Bytes of the white space (Unicode property White_Space, and what Python calls space) at s, or 0.
 */
static size_t space_length(const char *s) {
    static const char *const wide[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
        "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
        "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"};
    if (*s == ' ' || (*s >= '\t' && *s <= '\r') || (*s >= 0x1c && *s <= 0x1f))
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (strncmp(s, wide[i], strlen(wide[i])) == 0)
            return strlen(wide[i]);
    return 0;
}

/* What stands in a word for the character at *text, which is passed; 0 at the end. */
static char next_of_word(const char **text) {
    const size_t space = space_length(*text);
    const char c = **text;
    *text += space ? space : c != 0;
    return space ? '_' : c && ((unsigned char)c < ' ' || c == 0x7f) ? '?' : c;
}

void dr_sink_word(struct dr_sink *sink, const char *text) {
    if (!*text)
        dr_sink_text(sink, "_");
    for (char c; (c = next_of_word(&text));)
        dr_sink_put(sink, &c, 1);
}

int dr_same_word(const char *a, const char *b) {
    char c;
    a = *a ? a : "_";
    b = *b ? b : "_";
    do {
        c = next_of_word(&a);
        if (c != next_of_word(&b))
            return 0;
    } while (c);
    return 1;
}

void dr_sink_line(struct dr_sink *sink, const char *text) {
    for (; *text; text++)
        dr_sink_put(sink, (unsigned char)*text < ' ' || *text == 0x7f ? " " : text, 1);
}

void dr_sink_clock(struct dr_sink *sink, int64_t ms, char mark) {
    dr_sink_format(sink, "%02" PRId64 ":%02d:%02d%c%03d", ms / 3600000, (int)(ms / 60000 % 60),
                   (int)(ms / 1000 % 60), mark, (int)(ms % 1000));
}

void dr_sink_confidence(struct dr_sink *sink, float confidence) {
    dr_sink_seconds(sink, llroundf(confidence * 1000));
}
