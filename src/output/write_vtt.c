/* write_vtt.c - WebVTT (W3C): a voice span with the speaker's name on every cue.
 * SPDX-License-Identifier: MIT */
#include "output/prepare.h"
#include "output/writers.h"

/* A label as cue text or as the annotation of a voice tag: both escape the same characters. */
static void put_escaped(struct dr_sink *sink, const char *text) {
    for (; *text; text++) {
        char one[2] = {*text, 0};
        if (*text == '&')
            dr_sink_text(sink, "&amp;");
        else if (*text == '<')
            dr_sink_text(sink, "&lt;");
        else if (*text == '>')
            dr_sink_text(sink, "&gt;");
        else
            dr_sink_line(sink, one);
    }
}

int dr_write_vtt(struct dr_sink *sink, const diarist_document *document,
                 const diarist_write_options *options, diarist_error *err) {
    const struct dr_document_recording *recording;
    struct dr_ms_turns turns;
    int status = dr_one_recording(&recording, document, "vtt", err);
    if (!status)
        status = dr_ms_turns(&turns, recording, options->view, err);
    if (status)
        return status;
    dr_sink_text(sink, "WEBVTT\n");
    for (size_t i = 0; i < turns.num; i++) {
        const char *label = dr_turn_label(recording, &turns.items[i]);
        dr_sink_text(sink, "\n");
        dr_sink_clock(sink, turns.items[i].start_ms, '.');
        dr_sink_text(sink, " --> ");
        dr_sink_clock(sink, turns.items[i].end_ms, '.');
        dr_sink_text(sink, "\n<v ");
        put_escaped(sink, label);
        dr_sink_text(sink, ">");
        put_escaped(sink, label);
        dr_sink_text(sink, "\n");
    }
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}
