/* read_profile.c - a profile from JSON (docs/schema/diarist-profile-1.schema.json).
 * SPDX-License-Identifier: MIT
 *
 * What is not exactly a profile is refused: a voice that is told from half a file would be another
 * one. */
#include "identity/profile.h"

#include "base/c_numbers.h"
#include "base/error.h"
#include "input/json_values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text under key, which must be there. */
static int get_text(const char **out, const struct dr_input *in, json_t *object, const char *key) {
    *out = json_string_value(json_object_get(object, key));
    return *out ? DIARIST_OK : dr_input_fail(in, "%s is not a text; enrol again", key);
}

static int is_sha256(const char *text) {
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int read_model(const struct dr_input *in, diarist_model_info *model, json_t *object) {
    struct dr_input at = *in;
    at.where = "model";
    int32_t dim = 0;
    int status = get_text(&model->name, &at, object, "name");
    if (!status)
        status = get_text(&model->sha256, &at, object, "sha256");
    if (!status && !is_sha256(model->sha256))
        status = dr_input_fail(&at, "sha256 is not 64 hex digits; enrol again");
    if (!status)
        status = dr_json_get_count(&at, object, "embedding_dim", &dim);
    if (!status && !(dim >= 1 && dim <= DR_PROFILE_MAX_DIM))
        status =
            dr_input_fail(&at, "embedding_dim is not 1 to %d; enrol again", DR_PROFILE_MAX_DIM);
    model->embedding_dim = (uint32_t)dim;
    return status;
}

/* values [dim], of unit length. */
static int read_embedding(float *values, size_t dim, const struct dr_input *at, json_t *array) {
    double squares = 0;
    if (!json_is_array(array) || json_array_size(array) != dim)
        return dr_input_fail(at, "embedding is not an array of %zu numbers; enrol again", dim);
    for (size_t d = 0; d < dim; d++) {
        json_t *value = json_array_get(array, d);
        values[d] = (float)json_number_value(value);
        if (!json_is_number(value) || !isfinite(values[d]))
            return dr_input_fail(at, "embedding is not an array of %zu numbers; enrol again", dim);
        squares += (double)values[d] * values[d];
    }
    return fabs(squares - 1) < 1e-3
               ? DIARIST_OK
               : dr_input_fail(at, "embedding is not of unit length; enrol again");
}

static int read_sample(diarist_profile *profile, float *embedding, const struct dr_input *at,
                       json_t *object) {
    diarist_sample sample = {.embedding = embedding, .seconds = -1};
    int status = get_text(&sample.file, at, object, "file");
    if (!status)
        status = get_text(&sample.enrolled, at, object, "enrolled");
    if (!status)
        status = dr_json_get_number(at, object, "seconds", &sample.seconds);
    if (!status && !(sample.seconds >= 0 && sample.seconds <= DR_DOCUMENT_MAX_S))
        status = dr_input_fail(at, "seconds is not 0 or more; enrol again");
    if (!status)
        status = read_embedding(embedding, profile->embedding_dim, at,
                                json_object_get(object, "embedding"));
    return status ? status : diarist_profile_add(profile, &sample, at->err);
}

static int read_samples(diarist_profile *profile, const struct dr_input *in, json_t *samples) {
    char where[32];
    struct dr_input at = *in;
    size_t num = json_array_size(samples);
    if (num < 1 || num > DR_PROFILE_MAX_SAMPLES)
        return dr_input_fail(in, "samples is not an array of 1 to %d; enrol again",
                             DR_PROFILE_MAX_SAMPLES);
    float *embedding = malloc(profile->embedding_dim * sizeof *embedding);
    int status = embedding ? DIARIST_OK : dr_fail_memory(in->err);
    at.where = where;
    for (size_t i = 0; i < num && !status; i++) {
        snprintf(where, sizeof where, "samples[%zu]", i);
        status = read_sample(profile, embedding, &at, json_array_get(samples, i));
    }
    free(embedding);
    return status;
}

static int read_root(diarist_profile **out, const struct dr_input *in, json_t *root) {
    diarist_model_info model = {0};
    const char *name;
    const char *schema = json_string_value(json_object_get(root, "schema"));
    if (!schema || strcmp(schema, "diarist-profile/1") != 0)
        return dr_input_fail(in, "not a profile (schema diarist-profile/1); give what diarist "
                                 "enroll wrote");
    int status = get_text(&name, in, root, "name");
    const char *wrong = status ? NULL : dr_profile_wrong_name(name);
    if (wrong)
        status = dr_input_fail(in, "%s; enrol again", wrong);
    if (!status)
        status = read_model(in, &model, json_object_get(root, "model"));
    if (!status)
        status = diarist_profile_new(out, name, &model, in->err);
    return status ? status : read_samples(*out, in, json_object_get(root, "samples"));
}

int diarist_profile_read(diarist_profile **out, const char *path, diarist_error *err) {
    char *text;
    size_t size;
    struct dr_input in;
    struct dr_c_numbers numbers;
    json_t *root = NULL;
    *out = NULL;
    int status = dr_input_load(&text, &size, path, err);
    if (status)
        return status;
    dr_input_start(&in, strcmp(path, "-") ? path : "standard input", NULL, text, size, err);
    status = dr_c_numbers_begin(&numbers, err);
    if (!status) {
        status = dr_json_parse(&root, &in);
        if (!status)
            status = read_root(out, &in, root);
        json_decref(root);
        dr_c_numbers_end(&numbers);
    }
    free(text);
    if (status) {
        diarist_profile_free(*out);
        *out = NULL;
    }
    return status;
}
