/* write_jsonl.c - a JSON object per turn and line.
 * SPDX-License-Identifier: MIT */
#include "output/json_writer.h"
#include "output/prepare.h"
#include "output/writers.h"

static int write_recording(struct dr_sink *sink, const struct dr_document_recording *recording,
                           diarist_view view, diarist_error *err) {
    struct dr_ms_turns turns;
    struct dr_json json = {.sink = sink};
    if (dr_ms_turns(&turns, recording, view, err))
        return DIARIST_ERROR_MEMORY;
    for (size_t i = 0; i < turns.num; i++) {
        const struct dr_ms_turn *turn = &turns.items[i];
        dr_json_begin(&json, '{', 0);
        dr_json_key(&json, "file");
        dr_json_string(&json, recording->id);
        dr_json_key(&json, "start");
        dr_json_seconds(&json, turn->start_ms);
        dr_json_key(&json, "end");
        dr_json_seconds(&json, turn->end_ms);
        dr_json_key(&json, "speaker");
        dr_json_string(&json, dr_turn_label(recording, turn));
        dr_json_key(&json, "confidence");
        if (turn->confidence >= 0)
            dr_json_fixed(&json, (double)turn->confidence, 3);
        else
            dr_json_null(&json);
        dr_json_key(&json, "overlap");
        dr_json_bool(&json, turn->overlap);
        if (turn->channel > 0) {
            dr_json_key(&json, "channel");
            dr_json_integer(&json, turn->channel);
        }
        dr_json_end(&json);
    }
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}

int dr_write_jsonl(struct dr_sink *sink, const diarist_document *document,
                   const diarist_write_options *options, diarist_error *err) {
    int status = DIARIST_OK;
    for (size_t r = 0; r < document->num_recordings && !status; r++)
        status = write_recording(sink, document->recordings[r], options->view, err);
    return status;
}
