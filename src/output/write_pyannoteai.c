/* write_pyannoteai.c - a finished job of the pyannoteAI service (docs.pyannote.ai), in both views.
 * SPDX-License-Identifier: MIT */
#include "output/json_writer.h"
#include "output/prepare.h"
#include "output/writers.h"

static int put_view(struct dr_json *json, const struct dr_document_recording *recording,
                    const char *key, diarist_view view, diarist_error *err) {
    struct dr_ms_turns turns;
    if (dr_ms_turns(&turns, recording, view, err))
        return DIARIST_ERROR_MEMORY;
    dr_json_key(json, key);
    dr_json_begin(json, '[', 1);
    for (size_t i = 0; i < turns.num; i++) {
        dr_json_begin(json, '{', 0);
        dr_json_key(json, "speaker");
        dr_json_string(json, dr_turn_label(recording, &turns.items[i]));
        dr_json_key(json, "start");
        dr_json_seconds(json, turns.items[i].start_ms);
        dr_json_key(json, "end");
        dr_json_seconds(json, turns.items[i].end_ms);
        dr_json_end(json);
    }
    dr_json_end(json);
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}

int dr_write_pyannoteai(struct dr_sink *sink, const diarist_document *document,
                        const diarist_write_options *options, diarist_error *err) {
    (void)options;
    const struct dr_document_recording *recording;
    struct dr_json json = {.sink = sink};
    int status = dr_one_recording(&recording, document, "pyannoteai", err);
    if (status)
        return status;
    dr_json_begin(&json, '{', 1);
    dr_json_key(&json, "jobId");
    dr_json_string(&json, recording->id);
    dr_json_key(&json, "status");
    dr_json_string(&json, "succeeded");
    dr_json_key(&json, "output");
    dr_json_begin(&json, '{', 1);
    status = put_view(&json, recording, "diarization", DIARIST_OVERLAPPING, err);
    if (!status)
        status = put_view(&json, recording, "exclusiveDiarization", DIARIST_EXCLUSIVE, err);
    if (status)
        return status;
    dr_json_end(&json);
    dr_json_end(&json);
    return DIARIST_OK;
}
