/* embedding.h - embeddings as clients see them.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_EMBEDDING_H
#define SERVER_EMBEDDING_H

#include "embedder.h"
#include "exchange.h"

#include <jansson.h>

/* An array; NULL: no memory. */
json_t *server_numbers_json(const float *values, size_t num);

/* Sets backend, model, sha256 (of the model file; null where it is not known) and warning, if there
 * is one. -1: no memory. */
int server_backend_json(json_t *object, struct server *server, const struct server_voices *voices);

/* The answer when server_embed has failed on the exchange's upload. */
void server_answer_unembedded(struct server_exchange *exchange, int rc, const diarist_error *err);

#endif
