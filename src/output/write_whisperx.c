/* write_whisperx.c - WhisperX's JSON: segments with speakers, without text and words.
 * SPDX-License-Identifier: MIT */
#include "output/json_writer.h"
#include "output/prepare.h"
#include "output/writers.h"

int dr_write_whisperx(struct dr_sink *sink, const diarist_document *document,
                      const diarist_write_options *options, diarist_error *err) {
    const struct dr_document_recording *recording;
    struct dr_ms_turns turns;
    struct dr_json json = {.sink = sink};
    int status = dr_one_recording(&recording, document, "whisperx", err);
    if (!status)
        status = dr_ms_turns(&turns, recording, options->view, err);
    if (status)
        return status;
    dr_json_begin(&json, '{', 1);
    dr_json_key(&json, "segments");
    dr_json_begin(&json, '[', 1);
    for (size_t i = 0; i < turns.num; i++) {
        dr_json_begin(&json, '{', 0);
        dr_json_key(&json, "start");
        dr_json_seconds(&json, turns.items[i].start_ms);
        dr_json_key(&json, "end");
        dr_json_seconds(&json, turns.items[i].end_ms);
        dr_json_key(&json, "text");
        dr_json_string(&json, "");
        dr_json_key(&json, "words");
        dr_json_begin(&json, '[', 0);
        dr_json_end(&json);
        dr_json_key(&json, "speaker");
        dr_json_string(&json, dr_turn_label(recording, &turns.items[i]));
        dr_json_end(&json);
    }
    dr_json_end(&json);
    dr_json_key(&json, "word_segments");
    dr_json_begin(&json, '[', 0);
    dr_json_end(&json);
    dr_json_end(&json);
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}
