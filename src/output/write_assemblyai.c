/* write_assemblyai.c - a finished transcript of the AssemblyAI service, without text: utterances in
 * milliseconds, speakers called A, B, ..., Z, AA, ...
 * SPDX-License-Identifier: MIT */
#include "output/json_writer.h"
#include "output/prepare.h"
#include "output/writers.h"

/* 0 -> A, 25 -> Z, 26 -> AA: the columns of a spreadsheet. An int32 takes at most 7 letters. */
static void put_letters(struct dr_json *json, int32_t speaker) {
    char letters[8] = {0};
    size_t first = sizeof letters - 1;
    for (int64_t rest = (int64_t)speaker + 1; rest > 0; rest = (rest - 1) / 26)
        letters[--first] = (char)('A' + (rest - 1) % 26);
    dr_json_string(json, letters + first);
}

static void put_empty_words(struct dr_json *json) {
    dr_json_key(json, "text");
    dr_json_string(json, "");
    dr_json_key(json, "words");
    dr_json_begin(json, '[', 0);
    dr_json_end(json);
}

static void put_utterance(struct dr_json *json, const struct dr_ms_turn *turn) {
    dr_json_begin(json, '{', 0);
    dr_json_key(json, "speaker");
    put_letters(json, turn->speaker);
    dr_json_key(json, "start");
    dr_json_integer(json, turn->start_ms);
    dr_json_key(json, "end");
    dr_json_integer(json, turn->end_ms);
    dr_json_key(json, "confidence");
    if (turn->confidence >= 0)
        dr_json_fixed(json, (double)turn->confidence, 3);
    else
        dr_json_null(json);
    put_empty_words(json);
    dr_json_end(json);
}

int dr_write_assemblyai(struct dr_sink *sink, const diarist_document *document,
                        const diarist_write_options *options, diarist_error *err) {
    const struct dr_document_recording *recording;
    struct dr_ms_turns turns;
    struct dr_json json = {.sink = sink};
    int status = dr_one_recording(&recording, document, "assemblyai", err);
    if (!status)
        status = dr_ms_turns(&turns, recording, options->view, err);
    if (status)
        return status;
    dr_json_begin(&json, '{', 1);
    dr_json_key(&json, "id");
    dr_json_string(&json, recording->id);
    dr_json_key(&json, "status");
    dr_json_string(&json, "completed");
    dr_json_key(&json, "audio_duration");
    if (recording->duration_s > 0)
        dr_json_integer(&json, (dr_ms_duration(recording) + 500) / 1000);
    else
        dr_json_null(&json);
    dr_json_key(&json, "speaker_labels");
    dr_json_bool(&json, 1);
    put_empty_words(&json);
    dr_json_key(&json, "utterances");
    dr_json_begin(&json, '[', 1);
    for (size_t i = 0; i < turns.num; i++)
        put_utterance(&json, &turns.items[i]);
    dr_json_end(&json);
    dr_json_end(&json);
    dr_ms_turns_free(&turns);
    return DIARIST_OK;
}
