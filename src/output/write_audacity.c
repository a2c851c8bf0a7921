/* write_audacity.c - label track of the Audacity editor: start, tab, end, tab, speaker.
 * SPDX-License-Identifier: MIT */
#include "output/prepare.h"
#include "output/writers.h"

int dr_write_audacity(struct dr_sink *sink, const diarist_document *document,
                      const diarist_write_options *options, diarist_error *err) {
    const struct dr_document_recording *recording;
    struct dr_ms_turns turns;
    int status = dr_one_recording(&recording, document, "audacity", err);
    if (!status)
        status = dr_ms_turns(&turns, recording, options->view, err);
    if (status)
        return status;
    for (size_t i = 0; i < turns.num; i++) {
        dr_sink_seconds(sink, turns.items[i].start_ms);
        dr_sink_text(sink, "\t");
        dr_sink_seconds(sink, turns.items[i].end_ms);
        dr_sink_text(sink, "\t");
        dr_sink_line(sink, dr_turn_label(recording, &turns.items[i]));
        dr_sink_text(sink, "\n");
    }
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}
