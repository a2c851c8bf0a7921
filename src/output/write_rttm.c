/* write_rttm.c - Rich Transcription Time Marked.
 * SPDX-License-Identifier: MIT
 * SPEAKER file channel onset duration <NA> <NA> label <NA> <NA>
 * (NIST, The 2009 Rich Transcription evaluation plan, appendix A) */
#include "output/prepare.h"
#include "output/writers.h"

static int write_recording(struct dr_sink *sink, const struct dr_document_recording *recording,
                           diarist_view view, diarist_error *err) {
    struct dr_ms_turns turns;
    if (dr_ms_turns(&turns, recording, view, err))
        return DIARIST_ERROR_MEMORY;
    for (size_t i = 0; i < turns.num; i++) {
        const struct dr_ms_turn *turn = &turns.items[i];
        dr_sink_text(sink, "SPEAKER ");
        dr_sink_word(sink, recording->id);
        dr_sink_format(sink, " %d ", turn->channel > 0 ? turn->channel : 1);
        dr_sink_seconds(sink, turn->start_ms);
        dr_sink_text(sink, " ");
        dr_sink_seconds(sink, turn->end_ms - turn->start_ms);
        dr_sink_text(sink, " <NA> <NA> ");
        dr_sink_word(sink, dr_turn_label(recording, turn));
        dr_sink_text(sink, " <NA> <NA>\n");
    }
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}

int dr_write_rttm(struct dr_sink *sink, const diarist_document *document,
                  const diarist_write_options *options, diarist_error *err) {
    int status = DIARIST_OK;
    for (size_t r = 0; r < document->num_recordings && !status; r++)
        status = write_recording(sink, document->recordings[r], options->view, err);
    return status;
}
