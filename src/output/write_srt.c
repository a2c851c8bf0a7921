/* write_srt.c - SubRip subtitles: the speaker's name while he or she talks.
 * SPDX-License-Identifier: MIT */
#include "output/prepare.h"
#include "output/writers.h"

int dr_write_srt(struct dr_sink *sink, const diarist_document *document,
                 const diarist_write_options *options, diarist_error *err) {
    const struct dr_document_recording *recording;
    struct dr_ms_turns turns;
    int status = dr_one_recording(&recording, document, "srt", err);
    if (!status)
        status = dr_ms_turns(&turns, recording, options->view, err);
    if (status)
        return status;
    for (size_t i = 0; i < turns.num; i++) {
        dr_sink_format(sink, "%s%zu\n", i ? "\n" : "", i + 1);
        dr_sink_clock(sink, turns.items[i].start_ms, ',');
        dr_sink_text(sink, " --> ");
        dr_sink_clock(sink, turns.items[i].end_ms, ',');
        dr_sink_text(sink, "\n");
        dr_sink_line(sink, dr_turn_label(recording, &turns.items[i]));
        dr_sink_text(sink, "\n");
    }
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}
