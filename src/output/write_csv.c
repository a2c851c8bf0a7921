/* write_csv.c - comma-separated values, quoted as RFC 4180 says, lines ending in LF.
 * SPDX-License-Identifier: MIT
 * file,start,end,speaker,confidence,overlap; where turns are of several channels, channel */
#include "output/prepare.h"
#include "output/writers.h"

#include <stdbool.h>
#include <string.h>

static void put_field(struct dr_sink *sink, const char *text) {
    if (!text[strcspn(text, ",\"\r\n")]) {
        dr_sink_text(sink, text);
        return;
    }
    dr_sink_text(sink, "\"");
    for (; *text; text++)
        dr_sink_put(sink, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    dr_sink_text(sink, "\"");
}

static bool has_several_channels(const diarist_document *document, diarist_view view) {
    int32_t channel = -1;
    for (size_t r = 0; r < document->num_recordings; r++) {
        const struct dr_document_turns *turns = &document->recordings[r]->turns[view];
        for (size_t i = 0; i < turns->num; i++) {
            if (channel >= 0 && turns->items[i].channel != channel)
                return true;
            channel = turns->items[i].channel;
        }
    }
    return false;
}

/* channels: with the channel of each turn, empty where it is of all. */
static int write_recording(struct dr_sink *sink, const struct dr_document_recording *recording,
                           diarist_view view, bool channels, diarist_error *err) {
    struct dr_ms_turns turns;
    if (dr_ms_turns(&turns, recording, view, err))
        return DIARIST_ERROR_MEMORY;
    for (size_t i = 0; i < turns.num; i++) {
        const struct dr_ms_turn *turn = &turns.items[i];
        put_field(sink, recording->id);
        dr_sink_text(sink, ",");
        dr_sink_seconds(sink, turn->start_ms);
        dr_sink_text(sink, ",");
        dr_sink_seconds(sink, turn->end_ms);
        dr_sink_text(sink, ",");
        put_field(sink, dr_turn_label(recording, turn));
        dr_sink_text(sink, ",");
        if (turn->confidence >= 0)
            dr_sink_confidence(sink, turn->confidence);
        dr_sink_text(sink, turn->overlap ? ",true" : ",false");
        if (channels)
            dr_sink_text(sink, ",");
        if (channels && turn->channel)
            dr_sink_format(sink, "%d", turn->channel);
        dr_sink_text(sink, "\n");
    }
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}

int dr_write_csv(struct dr_sink *sink, const diarist_document *document,
                 const diarist_write_options *options, diarist_error *err) {
    int status = DIARIST_OK;
    const bool channels = has_several_channels(document, options->view);
    dr_sink_text(sink, "file,start,end,speaker,confidence,overlap");
    dr_sink_text(sink, channels ? ",channel\n" : "\n");
    for (size_t r = 0; r < document->num_recordings && !status; r++)
        status = write_recording(sink, document->recordings[r], options->view, channels, err);
    return status;
}
