/* assign.h - which speaker each local speaker of each chunk is.
 * SPDX-License-Identifier: MIT
 *
 * Per chunk jointly: the choice k_q for the active local speakers q that maximises
 * sum_q cos(embedding_q, centroid_k_q) w_q - sum over pairs with the same k of penalty min(w, w'),
 * w = sqrt(min(seconds of activity, 4) / 4); the four best speakers of each are tried. */
#ifndef DR_CLUSTERING_ASSIGN_H
#define DR_CLUSTERING_ASSIGN_H

#include "base/arena.h"
#include "base/error.h"
#include "clustering/params.h"
#include "types.h"

enum { DR_NOBODY = -2 };

/* assign [num_chunks][3]: speaker, or DR_NOBODY where the local speaker is never active. A local
 * speaker without embedding is as similar to all. Without any centroid everybody active is speaker
 * 0. arena is used for scratch only. DIARIST_ERROR_MEMORY. */
int dr_assign_local_speakers(int32_t *assign, const struct dr_segmentation *segmentation,
                             const struct dr_local_embeddings *local,
                             const struct dr_centroids *centroids,
                             const struct dr_cluster_params *params, struct dr_arena *arena,
                             diarist_error *err);

#endif
