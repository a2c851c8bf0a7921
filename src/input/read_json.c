/* read_json.c - the JSON that write_json.c writes (docs/schema/diarist-1.schema.json).
 * SPDX-License-Identifier: MIT
 *
 * Only "diarization" is needed, so that what pyannote.audio 4 serializes is read too. What follows
 * from the turns (seconds, counts, overlap) is counted anew, never taken from the file. */
#include "input/json_values.h"
#include "input/readers.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_schema(const struct dr_input *in, json_t *root) {
    json_t *schema = json_object_get(root, "schema");
    if (!schema || (json_is_string(schema) && strcmp(json_string_value(schema), "diarist/1") == 0))
        return DIARIST_OK;
    if (!json_is_string(schema))
        return dr_input_fail(in, "schema is not a text");
    return dr_input_fail(in, "schema \"%.40s\" is not known here; diarist/1 is",
                         json_string_value(schema));
}

static int read_audio(const struct dr_input *in, struct dr_document_recording *recording,
                      json_t *audio) {
    struct dr_input at = *in;
    at.where = "audio";
    int status = dr_json_get_number(&at, audio, "duration", &recording->duration_s);
    if (!status && !(recording->duration_s >= 0 && recording->duration_s <= DR_DOCUMENT_MAX_S))
        status = dr_input_fail(&at, "duration lies outside 0 to a billion seconds");
    if (!status)
        status = dr_json_get_count(&at, audio, "sample_rate", &recording->sample_rate);
    if (!status)
        status = dr_json_get_count(&at, audio, "channels", &recording->num_channels);
    if (!status)
        status = dr_json_get_text(&at, audio, "file", &recording->file);
    return status ? status : dr_json_get_text(&at, audio, "sha256", &recording->sha256);
}

static int read_engine(const struct dr_input *in, struct dr_document_engine *engine,
                       json_t *object) {
    struct dr_input at = *in;
    at.where = "engine";
    json_t *model = json_array_get(json_object_get(object, "models"), 0);
    int status = dr_json_get_text(&at, object, "version", &engine->version);
    if (!status)
        status = dr_json_get_text(&at, object, "instruction_set", &engine->instruction_set);
    if (!status)
        status = dr_json_get_text(&at, object, "precision", &engine->precision);
    if (!status)
        status = dr_json_get_text(&at, object, "trunk", &engine->trunk);
    if (!status)
        status = dr_json_get_count(&at, object, "threads", &engine->num_threads);
    if (!status)
        status = dr_json_get_text(&at, object, "preset", &engine->preset);
    if (!status)
        status = dr_json_get_number(&at, object, "step", &engine->step_s);
    if (!status && !(engine->step_s >= 0 && engine->step_s <= 3600))
        status = dr_input_fail(&at, "step lies outside 0 to 3600 seconds");
    if (!status)
        status = dr_json_get_text(&at, model, "name", &engine->model_name);
    return status ? status : dr_json_get_text(&at, model, "sha256", &engine->model_sha256);
}

static int read_embedding(const struct dr_input *in, struct dr_document_speaker *speaker,
                          json_t *values) {
    if (!values || json_is_null(values))
        return DIARIST_OK;
    size_t dim = json_array_size(values);
    if (dim == 0)
        return dr_input_fail(in, "embedding is not an array of numbers");
    float *embedding = malloc(dim * sizeof *embedding);
    if (!embedding)
        return dr_fail_memory(in->err);
    free(speaker->embedding);
    speaker->embedding = embedding;
    speaker->embedding_dim = dim;
    for (size_t i = 0; i < dim; i++) {
        json_t *value = json_array_get(values, i);
        embedding[i] = (float)json_number_value(value);
        if (!json_is_number(value) || !isfinite(embedding[i]))
            return dr_input_fail(in, "embedding is not an array of numbers");
    }
    return DIARIST_OK;
}

static int read_speakers(const struct dr_input *in, struct dr_document_recording *recording,
                         json_t *speakers) {
    char where[32];
    struct dr_input at = *in;
    at.where = where;
    for (size_t i = 0; i < json_array_size(speakers); i++) {
        snprintf(where, sizeof where, "speakers[%zu]", i);
        json_t *object = json_array_get(speakers, i), *id = json_object_get(object, "id");
        if (!json_is_string(id) || json_string_length(id) == 0)
            return dr_input_fail(&at, "id is not a text");
        int32_t index;
        int status = dr_recording_speaker(&index, recording, json_string_value(id),
                                          json_string_length(id), in->err);
        if (!status)
            status = dr_json_get_text(&at, object, "name", &recording->speakers[index].name);
        if (!status)
            status = read_embedding(&at, &recording->speakers[index],
                                    json_object_get(object, "embedding"));
        if (status)
            return status;
    }
    return DIARIST_OK;
}

static int read_timing(const struct dr_input *in, struct dr_document_timing *timing,
                       json_t *object) {
    const struct {
        const char *key;
        double *out;
    } rows[] = {{"load", &timing->load_s},
                {"decode", &timing->decode_s},
                {"features", &timing->stages.features},
                {"segmentation", &timing->stages.segmentation},
                {"embedding", &timing->stages.embedding},
                {"clustering", &timing->stages.clustering},
                {"reconstruct", &timing->stages.reconstruct},
                {"total", &timing->stages.total}};
    struct dr_input at = *in;
    at.where = "timing";
    timing->known = json_is_object(object);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = dr_json_get_number(&at, object, rows[i].key, rows[i].out);
        if (status)
            return status;
        if (!(*rows[i].out >= 0 && *rows[i].out <= DR_DOCUMENT_MAX_S))
            return dr_input_fail(&at, "%s lies outside 0 to a billion seconds", rows[i].key);
    }
    return DIARIST_OK;
}

/* The recording is called what its file is called. */
static int add_recording(const struct dr_input *in, diarist_document *document, json_t *audio,
                         struct dr_document_recording **out) {
    const char *file = json_string_value(json_object_get(audio, "file"));
    char *id = file && *file ? dr_document_id_of(file) : strdup(in->id);
    if (!id)
        return dr_fail_memory(in->err);
    int status = dr_document_recording(out, document, id, in->err);
    free(id);
    return status;
}

static int read_root(const struct dr_input *in, diarist_document *document, json_t *root) {
    static const struct dr_json_turns overlapping = {
        .name = "diarization", .view = DIARIST_OVERLAPPING, .unit_s = 1, .confidence = 1};
    static const struct dr_json_turns exclusive = {
        .name = "exclusive_diarization", .view = DIARIST_EXCLUSIVE, .unit_s = 1, .confidence = 1};
    struct dr_document_recording *recording;
    json_t *audio = json_object_get(root, "audio");
    json_t *one_at_a_time = json_object_get(root, "exclusive_diarization");
    if (!json_is_object(root))
        return dr_input_fail(in, "not an object");
    int status = check_schema(in, root);
    if (!status)
        status = add_recording(in, document, audio, &recording);
    if (!status)
        status = read_audio(in, recording, audio);
    if (!status)
        status = read_engine(in, &recording->engine, json_object_get(root, "engine"));
    if (!status)
        status = read_speakers(in, recording, json_object_get(root, "speakers"));
    if (!status)
        status = read_timing(in, &recording->timing, json_object_get(root, "timing"));
    if (!status)
        status =
            dr_json_add_turns(in, recording, json_object_get(root, "diarization"), &overlapping);
    if (!status && one_at_a_time)
        status = dr_json_add_turns(in, recording, one_at_a_time, &exclusive);
    return status;
}

int dr_read_json(struct dr_input *in, diarist_document *document) {
    json_t *root;
    int status = dr_json_parse(&root, in);
    if (status)
        return status;
    status = read_root(in, document, root);
    json_decref(root);
    return status;
}
