/* embedder.h - speaker embeddings of recordings: by the model, or by the service to fall back on
 * when the model cannot be loaded. Which one answered is always said. SPDX-License-Identifier: MIT
 *
 * A model that could not be loaded is not tried again before settings.model_retry_s. Embeddings are
 * asked for by one thread at a time; the rest any thread may call. */
#ifndef SERVER_EMBEDDER_H
#define SERVER_EMBEDDER_H

#include "server.h"

#include <stdatomic.h>

/* Less audio is not embedded: one voice would too often be taken for another. */
#define SERVER_MIN_EMBEDDED_S 0.6

struct server_embedder;

enum server_backend { SERVER_BUILT_IN, SERVER_FALLBACK, SERVER_NUM_BACKENDS };
extern const char *const server_backend_names[SERVER_NUM_BACKENDS];

/* Embeddings of one recording. */
struct server_voices {
    enum server_backend backend;
    size_t num, dim;
    float *embeddings; /* [num][dim] unit length, or all zeros: no speech */
    double *seconds;   /* [num] of speech, or of audio where the backend does not say */
    double duration_s; /* of the recording */
    char warning[160]; /* what was wrong with it; empty: nothing */
};

/* scratch: a folder for files that live as long as a call. Once *stopping, calls end early. */
int server_embedder_new(struct server_embedder **out, const struct server_settings *settings,
                        const char *scratch, const atomic_bool *stopping, diarist_error *err);
void server_embedder_free(struct server_embedder *embedder);

/* Embeds the regions of the file at path, each its own, or without any (NULL) all of it. Regions
 * are cut where the recording ends. DIARIST_ERROR_INPUT: it is not audio, or without regions
 * shorter than SERVER_MIN_EMBEDDED_S. DIARIST_ERROR_LIMIT: too long. DIARIST_ERROR_MODEL: there is
 * no model and nothing to fall back on. DIARIST_ERROR_OUTPUT: what was fallen back on did not
 * answer as it should. Clear in either case. */
int server_embed(struct server_voices *out, struct server_embedder *embedder, const char *path,
                 const diarist_region *regions, size_t num_regions, diarist_error *err);
void server_voices_clear(struct server_voices *voices);

/* The HTTP status of what server_embed says. */
int server_embed_status(int status);

/* The model; NULL: it could not be loaded yet. It lives as long as the embedder. */
const diarist_model *server_embedder_model(struct server_embedder *embedder);

/* For /readyz and /metrics. */
struct server_embedder_state {
    enum server_backend backend; /* that answers now */
    bool available;              /* false: there is neither a model nor something to fall back on */
    char problem[200];           /* why the model could not be loaded; empty: it is there */
    double retry_in_s;           /* until that is tried again */
    uint64_t answered[SERVER_NUM_BACKENDS], failed[SERVER_NUM_BACKENDS]; /* recordings */
    double audio_s, work_s;
};
void server_embedder_look(struct server_embedder *embedder, struct server_embedder_state *out);

#endif
