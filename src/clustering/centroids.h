/* centroids.h - which clusters are speakers, and their voices.
 * SPDX-License-Identifier: MIT */
#ifndef DR_CLUSTERING_CENTROIDS_H
#define DR_CLUSTERING_CENTROIDS_H

#include "base/arena.h"
#include "base/error.h"
#include "clustering/params.h"
#include "types.h"

/* speaker [num_clusters]: the clusters with enough windows (min_speaker_* of params), numbered in
 * ascending order, -1 for the others; at least the largest is kept. Returns how many were kept.
 * size [num_clusters]: windows in each. */
size_t dr_centroids_keep(int32_t *speaker, const size_t *size, size_t num_clusters,
                         size_t num_windows, size_t num_samples,
                         const struct dr_cluster_params *params);

/* Unit centroid of each speaker: the direction of the sum of its windows. speaker [windows->num]:
 * of each window, -1 for none. Lives in arena. DIARIST_ERROR_MEMORY. */
int dr_centroids_build(struct dr_centroids *out, const struct dr_windows *windows,
                       const int32_t *speaker, size_t num_speakers, struct dr_arena *arena,
                       diarist_error *err);

#endif
