/* speakers.c - known speakers: listed, made known, forgotten.
 * SPDX-License-Identifier: MIT
 *
 * A voiceprint is biometric data: all of it is off unless the service was started with --speakers.
 *
 * profile (JSON), or a name and a speaker of a diarization -> profile in the data folder */
#include "answer.h"
#include "body.h"
#include "clock.h"
#include "job_result.h"
#include "known.h"
#include "routes.h"
#include "scratch.h"

#include "common/files.h"
#include "diarist/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double min_speech_s = 2; /* below, one voice in forty is taken for another */

static int fail(struct server_exchange *exchange, int status, const char *why) {
    server_answer_problem(exchange, status, "%s", why);
    return -1;
}

static int check_allowed(struct server *server, struct server_exchange *exchange) {
    return server->settings->speakers
               ? 0
               : fail(exchange, 403,
                      "known speakers are off, as voices identify people; start the service with "
                      "--speakers to have them kept");
}

/* ---- listing ---- */

static json_t *speaker_json(const char *id, const diarist_profile *profile) {
    diarist_profile_info info;
    diarist_profile_describe(profile, &info);
    return json_pack("{s:s,s:s,s:I,s:f,s:{s:s,s:s}}", "id", id, "name", info.name, "samples",
                     (json_int_t)info.num_samples, "seconds", info.seconds, "model", "name",
                     info.model_name, "sha256", info.model_sha256);
}

static int list_speaker(void *data, const char *id, const diarist_profile *profile) {
    return json_array_append_new(data, speaker_json(id, profile));
}

void server_speaker_list(struct server *server, struct server_exchange *exchange) {
    json_t *list = json_array();
    if (check_allowed(server, exchange) || server_speakers_each(server, list_speaker, list)) {
        json_decref(list);
        if (!exchange->answer.status)
            fail(exchange, 500, "the known speakers cannot be read");
        return;
    }
    server_answer_json(exchange, 200, json_pack("{s:o}", "speakers", list));
}

/* The profile that the path names; NULL: there is none, and the answer says so. */
static diarist_profile *find_profile(struct server *server, struct server_exchange *exchange,
                                     char path[SERVER_SPEAKER_PATH]) {
    diarist_profile *profile = NULL;
    if (check_allowed(server, exchange))
        return NULL;
    if (server_speaker_path(path, server, exchange->item) ||
        diarist_profile_read(&profile, path, NULL))
        fail(exchange, 404, "there is no such speaker");
    return profile;
}

void server_speaker_get(struct server *server, struct server_exchange *exchange) {
    char path[SERVER_SPEAKER_PATH];
    diarist_profile *profile = find_profile(server, exchange, path);
    if (profile)
        server_answer_json(exchange, 200, json_load_file(path, 0, NULL));
    diarist_profile_free(profile);
}

void server_speaker_remove(struct server *server, struct server_exchange *exchange) {
    char path[SERVER_SPEAKER_PATH];
    if (check_allowed(server, exchange))
        return;
    if (server_speaker_path(path, server, exchange->item) || unlink(path))
        fail(exchange, 404, "there is no such speaker");
    else
        exchange->answer.status = 204;
}

/* ---- making known ---- */

struct request {
    struct server *server;
    struct server_exchange *exchange;
    json_t *body;
    diarist_model_info model;
    diarist_profile *profile; /* that is to be kept */
    char id[SERVER_ID_BYTES];
    bool extends; /* one that is there */
};

/* Whom the name belongs to. */
struct lookup {
    const char *name;
    char id[SERVER_ID_BYTES];
    size_t num;
};

static int look_up(void *data, const char *id, const diarist_profile *profile) {
    struct lookup *lookup = data;
    diarist_profile_info info;
    diarist_profile_describe(profile, &info);
    lookup->num++;
    if (!strcmp(info.name, lookup->name))
        snprintf(lookup->id, sizeof lookup->id, "%s", id);
    return 0;
}

/* Sets the id: that of the speaker of that name, or a new one. */
static int find_id(struct request *request, const char *name) {
    struct lookup lookup = {.name = name};
    if (server_speakers_each(request->server, look_up, &lookup))
        return fail(request->exchange, 500, "the known speakers cannot be read");
    request->extends = *lookup.id;
    if (!request->extends && lookup.num >= SERVER_MAX_SPEAKERS)
        return fail(request->exchange, 409, "there are as many speakers as may be; delete some");
    if (request->extends)
        memcpy(request->id, lookup.id, sizeof request->id);
    else
        server_make_id(request->id);
    return 0;
}

/* A body that is a profile itself. */
static int read_profile(struct request *request) {
    char path[SERVER_SCRATCH_PATH];
    diarist_error err = {0};
    diarist_profile_info info;
    char *text = json_dumps(request->body, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (!text || server_scratch_path(path, request->server->scratch, &err) ||
        common_write_beside(path, text, strlen(text))) {
        free(text);
        return fail(request->exchange, 500, "the profile could not be kept");
    }
    free(text);
    int rc = diarist_profile_read(&request->profile, path, &err);
    unlink(path);
    if (rc)
        return fail(request->exchange, 422, server_without_path(err.message, path));
    if (diarist_profile_check(request->profile, &request->model, &err))
        return fail(request->exchange, 422, err.message);
    diarist_profile_describe(request->profile, &info);
    if (find_id(request, info.name))
        return -1;
    return request->extends
               ? fail(request->exchange, 409, "a speaker of that name is known already")
               : 0;
}

static int find_voice(struct request *request, const diarist_document *document,
                      diarist_document_voice *voice) {
    const char *wanted = json_string_value(json_object_get(request->body, "speaker"));
    size_t s = 0;
    while (!diarist_document_voice_of(document, 0, s, voice) && strcmp(voice->id, wanted))
        s++;
    if (diarist_document_voice_of(document, 0, s, voice))
        return fail(request->exchange, 422, "the diarization has no such speaker");
    if (!voice->embedding || !voice->model_sha256 ||
        strcmp(voice->model_sha256, request->model.sha256))
        return fail(request->exchange, 422,
                    "the diarization has no voice of that speaker by the model in use");
    return voice->seconds >= min_speech_s
               ? 0
               : fail(request->exchange, 422,
                      "the speaker talks for less than 2 s, too little to know a voice by");
}

/* Whether a voice sounds like the samples that are there. */
static int check_alike(struct request *request, const diarist_document_voice *voice) {
    diarist_profile_info info;
    double threshold = diarist_match_threshold(&request->model);
    diarist_profile_describe(request->profile, &info);
    if (!info.embedding || json_is_true(json_object_get(request->body, "force")) ||
        isnan(threshold) ||
        diarist_similarity(info.embedding, voice->embedding, info.embedding_dim) >= threshold)
        return 0;
    return fail(request->exchange, 409,
                "the voice does not sound like the samples of that speaker; send force if it is "
                "the same person");
}

static int open_profile(struct request *request, const char *name) {
    char path[SERVER_SPEAKER_PATH];
    diarist_error err = {0};
    if (find_id(request, name))
        return -1;
    server_speaker_path(path, request->server, request->id);
    if (!request->extends)
        return diarist_profile_new(&request->profile, name, &request->model, &err)
                   ? fail(request->exchange, 422, err.message)
                   : 0;
    if (diarist_profile_read(&request->profile, path, &err))
        return fail(request->exchange, 500, "the known speaker cannot be read");
    return diarist_profile_check(request->profile, &request->model, &err)
               ? fail(request->exchange, 409, "the speaker of that name is of another model")
               : 0;
}

/* A sample from a speaker of a diarization. */
static int add_sample(struct request *request) {
    char when[32];
    diarist_error err = {0};
    diarist_document *document = NULL;
    diarist_document_voice voice = {0};
    const char *name = json_string_value(json_object_get(request->body, "name"));
    const char *id = json_string_value(json_object_get(request->body, "diarization"));
    server_time_text(when, server_clock());
    snprintf(when + strlen("2026-01-02T03:04:05"), 2, "Z"); /* profiles have whole seconds */
    int rc = server_result_read(&document, request->server, request->exchange, id);
    if (!rc)
        rc = find_voice(request, document, &voice);
    if (!rc)
        rc = open_profile(request, name);
    if (!rc)
        rc = check_alike(request, &voice);
    diarist_sample sample = {voice.embedding, voice.seconds,
                             rc ? NULL : diarist_document_recording_id(document, 0), when};
    if (!rc && diarist_profile_add(request->profile, &sample, &err))
        rc = fail(request->exchange, 422, err.message);
    diarist_document_free(document);
    return rc;
}

static int read_request(struct request *request) {
    static const char *const names[] = {"name", "diarization", "speaker"};
    const char *key;
    json_t *value;
    if (json_object_get(request->body, "schema"))
        return read_profile(request);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!json_is_string(json_object_get(request->body, names[i])))
            return fail(request->exchange, 422,
                        "send a profile (schema diarist-profile/1), or name, diarization and "
                        "speaker as texts");
    json_object_foreach(request->body, key, value) {
        bool is_known = !strcmp(key, "force") && json_is_boolean(value);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            is_known |= !strcmp(key, names[i]);
        if (!is_known) {
            server_answer_problem(request->exchange, 422, "%.60s is no option", key);
            return -1;
        }
    }
    return add_sample(request);
}

static void keep(struct request *request) {
    char path[SERVER_SPEAKER_PATH];
    diarist_error err = {0};
    server_speaker_path(path, request->server, request->id);
    if (diarist_profile_write(request->profile, path, &err)) {
        fail(request->exchange, 507, "the profile could not be kept; try again later");
        return;
    }
    server_answer_json(request->exchange, request->extends ? 200 : 201,
                       speaker_json(request->id, request->profile));
    snprintf(request->exchange->answer.location, sizeof request->exchange->answer.location,
             "/v1/speakers/%s", request->id);
}

void server_speaker_add(struct server *server, struct server_exchange *exchange) {
    struct request request = {.server = server, .exchange = exchange};
    const diarist_model *model = server_embedder_model(server->embedder);
    if (check_allowed(server, exchange))
        return;
    if (!model) {
        fail(exchange, 503, "there is no model to know voices by; try again later");
        return;
    }
    diarist_model_describe(model, &request.model);
    request.body = server_body_json(exchange);
    if (!request.body)
        return;
    if (!read_request(&request))
        keep(&request);
    diarist_profile_free(request.profile);
    json_decref(request.body);
}
