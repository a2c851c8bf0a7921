/* profile.c - a person's name and samples of the voice.
 * SPDX-License-Identifier: MIT */
#include "identity/profile.h"

#include "base/error.h"
#include "document.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "SPEAKER_00" and its like belong to people without a name. */
static int is_number_of_speaker(const char *text) {
    static const char prefix[] = "SPEAKER_";
    if (strncmp(text, prefix, sizeof prefix - 1) != 0)
        return 0;
    const char *digits = text + sizeof prefix - 1;
    return *digits && strspn(digits, "0123456789") == strlen(digits);
}

/* Bytes of the character that text begins with; 0: it is not UTF-8 (RFC 3629). */
static size_t utf8_length(const unsigned char *text) {
    static const struct {
        unsigned char low, high, length, second_low, second_high;
    } forms[] = {
        {0x01, 0x7f, 1, 0, 0xff},    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
        {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
        {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f}};
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
        if (text[0] < forms[f].low || text[0] > forms[f].high)
            continue;
        if (forms[f].length > 1 &&
            (text[1] < forms[f].second_low || text[1] > forms[f].second_high))
            return 0;
        for (size_t i = 2; i < forms[f].length; i++)
            if (text[i] < 0x80 || text[i] > 0xbf)
                return 0;
        return forms[f].length;
    }
    return 0;
}

static int is_utf8(const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    for (size_t length; *at; at += length)
        if (!(length = utf8_length(at)))
            return 0;
    return 1;
}

const char *dr_profile_wrong_name(const char *text) {
    size_t n = strlen(text);
    if (strspn(text, " ") == n)
        return "name is empty";
    if (n > DR_PROFILE_MAX_NAME)
        return "name is longer than 200 bytes";
    if (!is_utf8(text))
        return "name is not UTF-8";
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return "name has control characters";
    return is_number_of_speaker(text) ? "name is one of speakers without a name" : NULL;
}

static int copy_text(char **out, const char *text, diarist_error *err) {
    return dr_document_set_text(out, text, strlen(text), err);
}

int diarist_name_check(const char *name, diarist_error *err) {
    const char *wrong = dr_profile_wrong_name(name);
    return wrong ? dr_fail(err, DIARIST_ERROR_ARGUMENT, "%s; give another", wrong) : DIARIST_OK;
}

int diarist_profile_new(diarist_profile **out, const char *name, const diarist_model_info *model,
                        diarist_error *err) {
    *out = NULL;
    int wrong = diarist_name_check(name, err);
    if (wrong)
        return wrong;
    diarist_profile *profile = calloc(1, sizeof *profile);
    if (!profile)
        return dr_fail_memory(err);
    profile->embedding_dim = model->embedding_dim;
    int status = copy_text(&profile->name, name, err);
    if (!status)
        status = copy_text(&profile->model_name, model->name, err);
    if (!status)
        status = copy_text(&profile->model_sha256, model->sha256, err);
    if (status)
        diarist_profile_free(profile);
    else
        *out = profile;
    return status;
}

void diarist_profile_free(diarist_profile *profile) {
    if (!profile)
        return;
    for (size_t i = 0; i < profile->num_samples; i++) {
        free(profile->samples[i].file);
        free(profile->samples[i].enrolled);
        free(profile->samples[i].embedding);
    }
    free(profile->samples);
    free(profile->embedding);
    free(profile->name);
    free(profile->model_name);
    free(profile->model_sha256);
    free(profile);
}

/* Length of a vector; NAN or infinite when a value is. */
static double length_of(const float *values, size_t dim) {
    double squares = 0;
    for (size_t i = 0; i < dim; i++)
        squares += (double)values[i] * values[i];
    return sqrt(squares);
}

/* The mean direction of all samples; samples that cancel out have none, and it stays zero. */
static void find_mean(diarist_profile *profile) {
    for (size_t d = 0; d < profile->embedding_dim; d++) {
        double sum = 0;
        for (size_t i = 0; i < profile->num_samples; i++)
            sum += profile->samples[i].embedding[d];
        profile->embedding[d] = (float)(sum / (double)profile->num_samples);
    }
    double length = length_of(profile->embedding, profile->embedding_dim);
    for (size_t d = 0; d < profile->embedding_dim && length > 0; d++)
        profile->embedding[d] = (float)(profile->embedding[d] / length);
}

/* Room for one sample more, and for the mean. */
static int make_room(diarist_profile *profile, diarist_error *err) {
    if (profile->num_samples == DR_PROFILE_MAX_SAMPLES)
        return dr_fail(err, DIARIST_ERROR_LIMIT, "a profile holds %d samples; begin another",
                       DR_PROFILE_MAX_SAMPLES);
    if (!profile->embedding)
        profile->embedding = calloc(profile->embedding_dim, sizeof *profile->embedding);
    struct dr_profile_sample *samples =
        realloc(profile->samples, (profile->num_samples + 1) * sizeof *samples);
    if (samples)
        profile->samples = samples;
    return samples && profile->embedding ? DIARIST_OK : dr_fail_memory(err);
}

int diarist_profile_add(diarist_profile *profile, const diarist_sample *sample,
                        diarist_error *err) {
    size_t dim = profile->embedding_dim;
    double length = length_of(sample->embedding, dim);
    if (!isfinite(length) || length == 0)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "the embedding is no direction; give one of a voice");
    int status = make_room(profile, err);
    if (status)
        return status;
    struct dr_profile_sample added = {.seconds = sample->seconds};
    const char *slash = strrchr(sample->file, '/');
    added.embedding = malloc(dim * sizeof *added.embedding);
    status = added.embedding ? DIARIST_OK : dr_fail_memory(err);
    if (!status)
        status = copy_text(&added.file, slash ? slash + 1 : sample->file, err);
    if (!status)
        status = copy_text(&added.enrolled, sample->enrolled, err);
    if (status) {
        free(added.embedding);
        free(added.file);
        free(added.enrolled);
        return status;
    }
    /* What has unit length already stays as it is, so that files are copied bit for bit. */
    double scale = fabs(length - 1) < 1e-6 ? 1 : length;
    for (size_t d = 0; d < dim; d++)
        added.embedding[d] = (float)(sample->embedding[d] / scale);
    profile->samples[profile->num_samples++] = added;
    find_mean(profile);
    return DIARIST_OK;
}

void diarist_profile_describe(const diarist_profile *profile, diarist_profile_info *out) {
    *out = (diarist_profile_info){.name = profile->name,
                                  .model_name = profile->model_name,
                                  .model_sha256 = profile->model_sha256,
                                  .embedding_dim = profile->embedding_dim,
                                  .num_samples = profile->num_samples,
                                  .embedding = profile->num_samples ? profile->embedding : NULL};
    for (size_t i = 0; i < profile->num_samples; i++)
        out->seconds += profile->samples[i].seconds;
}

int diarist_profile_sample(const diarist_profile *profile, size_t i, diarist_sample *out) {
    if (i >= profile->num_samples)
        return -1;
    const struct dr_profile_sample *sample = &profile->samples[i];
    *out = (diarist_sample){sample->embedding, sample->seconds, sample->file, sample->enrolled};
    return 0;
}

int diarist_profile_check(const diarist_profile *profile, const diarist_model_info *model,
                          diarist_error *err) {
    if (!strcmp(profile->model_sha256, model->sha256) &&
        profile->embedding_dim == model->embedding_dim)
        return DIARIST_OK;
    return dr_fail(err, DIARIST_ERROR_MODEL,
                   "the profile of %.60s is of model %.40s (%.12s), not of %.40s (%.12s); give "
                   "--model, or enrol again",
                   profile->name, profile->model_name, profile->model_sha256, model->name,
                   model->sha256);
}
