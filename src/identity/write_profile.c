/* write_profile.c - a profile as JSON (docs/schema/diarist-profile-1.schema.json).
 * SPDX-License-Identifier: MIT */
#include "identity/profile.h"

#include "base/c_numbers.h"
#include "base/error.h"
#include "output/json_writer.h"

static void put_model(struct dr_json *json, const diarist_profile *profile) {
    dr_json_key(json, "model");
    dr_json_begin(json, '{', 0);
    dr_json_key(json, "name");
    dr_json_string(json, profile->model_name);
    dr_json_key(json, "sha256");
    dr_json_string(json, profile->model_sha256);
    dr_json_key(json, "embedding_dim");
    dr_json_integer(json, (int64_t)profile->embedding_dim);
    dr_json_end(json);
}

static void put_sample(struct dr_json *json, const struct dr_profile_sample *sample, size_t dim) {
    dr_json_begin(json, '{', 0);
    dr_json_key(json, "file");
    dr_json_string(json, sample->file);
    dr_json_key(json, "seconds");
    dr_json_fixed(json, sample->seconds, 3);
    dr_json_key(json, "enrolled");
    dr_json_string(json, sample->enrolled);
    dr_json_key(json, "embedding");
    dr_json_begin(json, '[', 0);
    for (size_t d = 0; d < dim; d++)
        dr_json_float(json, sample->embedding[d]);
    dr_json_end(json);
    dr_json_end(json);
}

static void put_profile(struct dr_sink *sink, const diarist_profile *profile) {
    struct dr_json json = {.sink = sink};
    dr_json_begin(&json, '{', 1);
    dr_json_key(&json, "schema");
    dr_json_string(&json, "diarist-profile/1");
    dr_json_key(&json, "name");
    dr_json_string(&json, profile->name);
    put_model(&json, profile);
    dr_json_key(&json, "samples");
    dr_json_begin(&json, '[', 1);
    for (size_t i = 0; i < profile->num_samples; i++)
        put_sample(&json, &profile->samples[i], profile->embedding_dim);
    dr_json_end(&json);
    dr_json_end(&json);
}

int diarist_profile_write(const diarist_profile *profile, const char *path, diarist_error *err) {
    struct dr_sink sink;
    if (profile->num_samples == 0)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the profile has no samples; add one first");
    struct dr_c_numbers numbers;
    int status = dr_c_numbers_begin(&numbers, err);
    if (status)
        return status;
    status = dr_sink_open(&sink, path, err);
    if (!status) {
        put_profile(&sink, profile);
        status = dr_sink_end(&sink, DIARIST_OK, err);
    }
    dr_c_numbers_end(&numbers);
    return status;
}
