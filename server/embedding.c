/* embedding.c - the embedding of a recording.
 * SPDX-License-Identifier: MIT */
#include "embedding.h"

#include "answer.h"
#include "embedder.h"
#include "parameters.h"
#include "request.h"
#include "routes.h"
#include "state.h"

#include <string.h>

json_t *server_numbers_json(const float *values, size_t num) {
    json_t *array = json_array();
    for (size_t i = 0; i < num; i++)
        json_array_append_new(array, json_real((double)values[i]));
    return array;
}

int server_backend_json(json_t *object, struct server *server, const struct server_voices *voices) {
    diarist_model_info info = {0};
    if (voices->backend == SERVER_BUILT_IN)
        diarist_model_describe(server_embedder_model(server->embedder), &info);
    /* Of the other one nobody says which model it has. */
    json_t *more = json_pack("{s:s,s:s?,s:s?}", "backend", server_backend_names[voices->backend],
                             "model", info.name, "sha256", info.sha256);
    int rc = more ? json_object_update(object, more) : -1;
    json_decref(more);
    if (!rc && *voices->warning)
        rc = json_object_set_new(object, "warning", json_string(server_printable(voices->warning)));
    return rc;
}

void server_answer_unembedded(struct server_exchange *exchange, int rc, const diarist_error *err) {
    int status = server_embed_status(rc);
    char problem[sizeof err->message + 64];
    server_without_flag(problem, sizeof problem,
                        server_without_path(err->message, exchange->upload->path),
                        "the header of a WAV file");
    server_answer_problem(exchange, status, "%s",
                          status == 500 ? "it could not be embedded" : problem);
    if (status == 503 || status == 502)
        exchange->answer.retry_after_s = 10;
}

static bool has_direction(const struct server_voices *voices) {
    for (size_t i = 0; i < voices->dim; i++)
        if (voices->embeddings[i] != 0)
            return true;
    return false;
}

static void answer_embedding(struct server *server, struct server_exchange *exchange,
                             const struct server_voices *voices) {
    json_t *object = json_pack("{s:o,s:I,s:f,s:f,s:s}", "embedding",
                               server_numbers_json(voices->embeddings, voices->dim), "dim",
                               (json_int_t)voices->dim, "seconds", voices->seconds[0], "duration",
                               voices->duration_s, "audio_sha256", exchange->upload->sha256);
    if (object && server_backend_json(object, server, voices)) {
        json_decref(object);
        object = NULL;
    }
    server_answer_json(exchange, 200, object);
}

void server_embedding(struct server *server, struct server_exchange *exchange) {
    struct server_voices voices = {0};
    diarist_error err = {0};
    if (server_parameters_check(exchange))
        return;
    int rc = server_embed(&voices, server->embedder, exchange->upload->path, NULL, 0, &err);
    if (rc)
        server_answer_unembedded(exchange, rc, &err);
    else if (!has_direction(&voices))
        server_answer_problem(exchange, 422, "there is no speech in it");
    else
        answer_embedding(server, exchange, &voices);
    server_voices_clear(&voices);
}
