/* known.c - known speakers.
 * SPDX-License-Identifier: MIT */
#include "known.h"

#include "log.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char extension[] = ".json";
enum { ID_BYTES = SERVER_ID_BYTES - 1 };

int server_speaker_path(char out[SERVER_SPEAKER_PATH], struct server *server, const char *id) {
    if (strlen(id) != ID_BYTES || strspn(id, "0123456789abcdef") != ID_BYTES)
        return -1;
    snprintf(out, SERVER_SPEAKER_PATH, "%s/%s%s", server->speakers, id, extension);
    return 0;
}

/* ---- the folder ---- */

static int is_profile(const struct dirent *entry) {
    return strlen(entry->d_name) == ID_BYTES + sizeof extension - 1 &&
           !strcmp(entry->d_name + ID_BYTES, extension) &&
           strspn(entry->d_name, "0123456789abcdef") == ID_BYTES;
}

int server_speakers_each(struct server *server, server_speaker_told *told, void *data) {
    struct dirent **entries = NULL;
    int num = scandir(server->speakers, &entries, is_profile, alphasort), rc = num < 0 ? -1 : 0;
    for (int i = 0; i < num; i++) {
        char path[SERVER_SPEAKER_PATH], id[SERVER_ID_BYTES];
        diarist_profile *profile = NULL;
        diarist_error err;
        snprintf(id, sizeof id, "%.*s", ID_BYTES, entries[i]->d_name);
        server_speaker_path(path, server, id);
        if (!rc && !diarist_profile_read(&profile, path, &err))
            rc = told(data, id, profile);
        else if (!rc)
            server_log("warning", "speaker", "{s:s,s:s}", "speaker", id, "message", err.message);
        diarist_profile_free(profile);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

/* ---- for matching ---- */

struct opening {
    struct server *server;
    diarist_profiles *profiles;
    const diarist_model_info *model;
    diarist_error *err;
};

/* Left out are those of another model, whose embeddings cannot be compared, and who is known by
 * that name already: the profiles that the service was started with go first. */
static int add_speaker(void *data, const char *id, const diarist_profile *profile) {
    struct opening *opening = data;
    char path[SERVER_SPEAKER_PATH];
    diarist_profile_info info;
    const char *name;
    diarist_profile_describe(profile, &info);
    if (diarist_profile_check(profile, opening->model, NULL))
        return 0;
    for (size_t i = 0; (name = diarist_profiles_name(opening->profiles, i)); i++)
        if (!strcmp(name, info.name))
            return 0;
    server_speaker_path(path, opening->server, id);
    return diarist_profiles_add(opening->profiles, path, opening->err);
}

int server_known_open(struct server_known *out, struct server *server, diarist_error *err) {
    const struct server_settings *settings = server->settings;
    const diarist_model *model = server_embedder_model(server->embedder);
    diarist_model_info info;
    *out = (struct server_known){.margin = DIARIST_MATCH_MARGIN};
    if (!model || !(settings->speakers || settings->profiles))
        return DIARIST_OK;
    diarist_model_describe(model, &info);
    out->threshold = diarist_match_threshold(&info);
    if (isnan(out->threshold))
        return DIARIST_OK;
    struct opening opening = {.server = server, .model = &info, .err = err};
    int rc = diarist_profiles_new(&out->profiles, &info, err);
    opening.profiles = out->profiles;
    if (!rc && settings->profiles)
        rc = diarist_profiles_add(out->profiles, settings->profiles, err);
    if (!rc && settings->speakers)
        rc = server_speakers_each(server, add_speaker, &opening);
    if (!rc)
        out->num = diarist_profiles_num(out->profiles);
    else
        server_log("error", "speakers", "{s:s}", "message", err->message);
    return rc;
}

void server_known_clear(struct server_known *known) {
    diarist_profiles_free(known->profiles);
    *known = (struct server_known){0};
}
