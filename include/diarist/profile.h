/* profile.h - known speakers: profiles, who of them talks, the same speakers across recordings.
 * SPDX-License-Identifier: MIT
 *
 * recordings of a person -> samples -> profile (JSON) -> diarist_profiles --+
 *                                                                           +-> who it is, or
 * nobody embeddings of a recording's speakers -------------------------------------+
 *
 * speakers of several recordings -> diarist_link -> one number for each person
 *
 * Voices are compared by the cosine of their embeddings, which has a meaning only between those of
 * one model. docs/profiles.md has the definitions and figures. The conventions of diarist.h hold
 * here. */
#ifndef DIARIST_PROFILE_H
#define DIARIST_PROFILE_H

#include "diarist/io.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- matching ----------------------------------------------------------------------------- */

/* By how much a voice must be nearer to a known one than to any other. */
#define DIARIST_MATCH_MARGIN 0.05

/* Cosine from which a speaker of a diarization is a known one, and from which speakers of two
 * diarizations are the same; NAN: not known for the embeddings of this model, as for community-1.
 */
DIARIST_API double diarist_match_threshold(const diarist_model_info *model);
DIARIST_API double diarist_link_threshold(const diarist_model_info *model);

/* Who a voice is. */
typedef struct diarist_match {
    int32_t known;   /* index of the known voice that it is; -1: nobody known */
    int32_t nearest; /* index of the known voice with the highest score; -1: there is none */
    double score;    /* cosine with the nearest, of all others the highest; -1: there is none */
    double second;
} diarist_match;

/* Compares a voice [dim] with known ones [num_known][dim], one of each person (what
 * diarist_profiles_embeddings gives). It is the nearest when their cosine is at least threshold and
 * exceeds that with any other by margin or more, 0 <= margin. No allocation. */
DIARIST_API void diarist_match_voice(diarist_match *out, const float *voice, const float *known,
                                     size_t num_known, size_t dim, double threshold, double margin);

/* The same for all voices [num_voices][dim] of one recording, who are different people (all zeros:
 * no embedding, nobody). Of several that would be one person, the one with the highest score is,
 * the first of equals; the others are nobody known. out: [num_voices]. */
DIARIST_API void diarist_match_voices(diarist_match *out, const float *voices, size_t num_voices,
                                      const float *known, size_t num_known, size_t dim,
                                      double threshold, double margin);

/* ---- profiles ----------------------------------------------------------------------------- */

/* A person's name and samples of the voice, all of one model. */
typedef struct diarist_profile diarist_profile;

typedef struct diarist_sample {
    const float *embedding; /* [embedding_dim], unit length */
    double seconds;         /* of speech that it is of */
    const char *file;       /* name of the recording, without folders */
    const char *enrolled;   /* when: "2026-11-21T19:44:25Z" */
} diarist_sample;

/* Strings and arrays live until the next sample is added. */
typedef struct diarist_profile_info {
    const char *name;
    const char *model_name, *model_sha256;
    size_t embedding_dim, num_samples;
    double seconds;         /* of all samples */
    const float *embedding; /* [embedding_dim] mean of the samples, unit length; NULL: no samples */
} diarist_profile_info;

/* DIARIST_ERROR_ARGUMENT: the text is no name as diarist_profile_new wants one. */
DIARIST_API int diarist_name_check(const char *name, diarist_error *err);

/* A profile without samples. name: 1 to 200 bytes of UTF-8 without control characters, and none
 * that diarizations give (SPEAKER_00). Of model the name, sha256 and embedding_dim are read.
 * DIARIST_ERROR_ARGUMENT: the name. */
DIARIST_API int diarist_profile_new(diarist_profile **out, const char *name,
                                    const diarist_model_info *model, diarist_error *err);

/* Adds a sample; everything is copied, of file what stands behind the last '/'.
 * DIARIST_ERROR_ARGUMENT: an embedding that is no direction. DIARIST_ERROR_LIMIT: more than 1000
 * samples. */
DIARIST_API int diarist_profile_add(diarist_profile *profile, const diarist_sample *sample,
                                    diarist_error *err);

DIARIST_API void diarist_profile_describe(const diarist_profile *profile,
                                          diarist_profile_info *out);
/* 0, or -1 past the last. What it points to lives until the next sample is added. */
DIARIST_API int diarist_profile_sample(const diarist_profile *profile, size_t i,
                                       diarist_sample *out);

/* DIARIST_ERROR_MODEL when the profile is of another model. */
DIARIST_API int diarist_profile_check(const diarist_profile *profile,
                                      const diarist_model_info *model, diarist_error *err);

/* JSON (docs/schema/diarist-profile-1.schema.json). Reading wants at least one sample; path as in
 * diarist_document_read and _write. DIARIST_ERROR_INPUT: not a profile, or a broken one. */
DIARIST_API int diarist_profile_read(diarist_profile **out, const char *path, diarist_error *err);
DIARIST_API int diarist_profile_write(const diarist_profile *profile, const char *path,
                                      diarist_error *err);
DIARIST_API void diarist_profile_free(diarist_profile *profile);

/* Profiles of different people, all of one model. */
typedef struct diarist_profiles diarist_profiles;

DIARIST_API int diarist_profiles_new(diarist_profiles **out, const diarist_model_info *model,
                                     diarist_error *err);
/* Adds the profile in a file, or those in all files NAME.json of a directory, sorted by their file
 * names. DIARIST_ERROR_INPUT: not a profile, two of one name, a directory without any.
 * DIARIST_ERROR_MODEL: of another model. After a failure only diarist_profiles_free is allowed. */
DIARIST_API int diarist_profiles_add(diarist_profiles *profiles, const char *path,
                                     diarist_error *err);
DIARIST_API size_t diarist_profiles_num(const diarist_profiles *profiles);
/* The i-th name, or NULL past the last. Lives as long as the profiles. */
DIARIST_API const char *diarist_profiles_name(const diarist_profiles *profiles, size_t i);
/* [num][embedding_dim] the mean voice of each, unit length. Lives until the next one is added. */
DIARIST_API const float *diarist_profiles_embeddings(const diarist_profiles *profiles);
DIARIST_API void diarist_profiles_free(diarist_profiles *profiles);

/* ---- across recordings -------------------------------------------------------------------- */

/* A speaker of one recording among several. */
typedef struct diarist_voice {
    const float *embedding; /* [dim]; NULL or all zeros: unlike anybody */
    int32_t recording;      /* voices of one recording are different people */
    int32_t known;          /* voices with the same number >= 0 are one person, with another not;
                               -1: nothing is known of it */
} diarist_voice;

/* Puts voices together, the nearest first, for as long as the mean cosine between two people's
 * voices is at least threshold. person: [num], from 0 in order of first appearance among the
 * voices. Which voices are one person does not depend on their order, unless cosines are equal.
 * DIARIST_ERROR_ARGUMENT: two voices of one recording are known to be one person. Time
 * num * num * dim. DIARIST_ERROR_LIMIT: more than 20000 voices. */
DIARIST_API int diarist_link(int32_t *person, size_t *num_people, const diarist_voice *voices,
                             size_t num, size_t dim, double threshold, diarist_error *err);

#ifdef __cplusplus
}
#endif
#endif
