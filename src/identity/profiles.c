/* profiles.c - profiles of different people, all of one model.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "diarist/profile.h"

#include "base/error.h"
#include "base/growing.h"
#include "document.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct diarist_profiles {
    char *model_name, *model_sha256;
    size_t embedding_dim, num, items_room, embeddings_room;
    diarist_profile **items;
    float *embeddings; /* [embeddings_room][embedding_dim] */
};

int diarist_profiles_new(diarist_profiles **out, const diarist_model_info *model,
                         diarist_error *err) {
    *out = NULL;
    diarist_profiles *profiles = calloc(1, sizeof *profiles);
    if (!profiles)
        return dr_fail_memory(err);
    profiles->embedding_dim = model->embedding_dim;
    profiles->model_name = strdup(model->name);
    profiles->model_sha256 = strdup(model->sha256);
    if (!profiles->model_name || !profiles->model_sha256) {
        diarist_profiles_free(profiles);
        return dr_fail_memory(err);
    }
    *out = profiles;
    return DIARIST_OK;
}

void diarist_profiles_free(diarist_profiles *profiles) {
    if (!profiles)
        return;
    for (size_t i = 0; i < profiles->num; i++)
        diarist_profile_free(profiles->items[i]);
    free(profiles->items);
    free(profiles->embeddings);
    free(profiles->model_name);
    free(profiles->model_sha256);
    free(profiles);
}

static int make_room(diarist_profiles *profiles, diarist_error *err) {
    int status = dr_grow(&profiles->items, &profiles->items_room, profiles->num + 1,
                         sizeof *profiles->items, err);
    return status ? status
                  : dr_grow(&profiles->embeddings, &profiles->embeddings_room, profiles->num + 1,
                            profiles->embedding_dim * sizeof *profiles->embeddings, err);
}

/* Whether two names are one where white space is written as '_', as in RTTM. */
static int same_name(const char *a, const char *b) {
    while (*a && (*a == ' ' ? '_' : *a) == (*b == ' ' ? '_' : *b))
        a++, b++;
    return !*a && !*b;
}

static int check_new(const diarist_profiles *profiles, const diarist_profile *profile,
                     const char *path, diarist_error *err) {
    diarist_profile_info info;
    diarist_error why;
    diarist_model_info model = {.name = profiles->model_name,
                                .sha256 = profiles->model_sha256,
                                .embedding_dim = (uint32_t)profiles->embedding_dim};
    diarist_profile_describe(profile, &info);
    int status = diarist_profile_check(profile, &model, &why);
    if (status)
        return dr_fail(err, status, "%.120s: %s", path, why.message);
    for (size_t i = 0; i < profiles->num; i++)
        if (same_name(diarist_profiles_name(profiles, i), info.name))
            return dr_fail(err, DIARIST_ERROR_INPUT,
                           "%.120s: there is another profile of %.60s; leave one out", path,
                           info.name);
    return DIARIST_OK;
}

static int add_file(diarist_profiles *profiles, const char *path, diarist_error *err) {
    diarist_profile *profile;
    diarist_profile_info info;
    int status = diarist_profile_read(&profile, path, err);
    if (!status)
        status = check_new(profiles, profile, path, err);
    if (!status)
        status = make_room(profiles, err);
    if (status) {
        diarist_profile_free(profile);
        return status;
    }
    diarist_profile_describe(profile, &info);
    memcpy(profiles->embeddings + profiles->num * info.embedding_dim, info.embedding,
           info.embedding_dim * sizeof *info.embedding);
    profiles->items[profiles->num++] = profile;
    return DIARIST_OK;
}

static int is_profile_name(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_directory(diarist_profiles *profiles, const char *path, diarist_error *err) {
    struct dirent **entries;
    char reason[128];
    int status = DIARIST_OK, num = scandir(path, &entries, is_profile_name, compare_names);
    if (num < 0)
        return errno == ENOMEM ? dr_fail_memory(err)
                               : dr_fail(err, DIARIST_ERROR_INPUT, "%.120s: %s; check the path",
                                         path, strerror_r(errno, reason, sizeof reason));
    for (int i = 0; i < num; i++) {
        char *file = NULL;
        if (!status && asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0) {
            file = NULL;
            status = dr_fail_memory(err);
        }
        if (!status)
            status = add_file(profiles, file, err);
        free(file);
        free(entries[i]);
    }
    free(entries);
    if (!status && num == 0)
        status = dr_fail(err, DIARIST_ERROR_INPUT,
                         "%.120s: holds no profiles; make some with diarist enroll", path);
    return status;
}

int diarist_profiles_add(diarist_profiles *profiles, const char *path, diarist_error *err) {
    struct stat st;
    if (!stat(path, &st) && S_ISDIR(st.st_mode))
        return add_directory(profiles, path, err);
    return add_file(profiles, path, err);
}

size_t diarist_profiles_num(const diarist_profiles *profiles) {
    return profiles->num;
}

const char *diarist_profiles_name(const diarist_profiles *profiles, size_t i) {
    diarist_profile_info info;
    if (i >= profiles->num)
        return NULL;
    diarist_profile_describe(profiles->items[i], &info);
    return info.name;
}

const float *diarist_profiles_embeddings(const diarist_profiles *profiles) {
    return profiles->embeddings;
}
