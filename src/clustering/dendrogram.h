/* dendrogram.h - the tree of a hierarchical clustering, and its cut.
 * SPDX-License-Identifier: MIT
 *
 * The rows of scipy's linkage matrix: nodes 0..n-1 are the points, node n + i is what the i-th
 * merge made. Distances need not ascend: centroids of merged clusters may come nearer to a third.
 */
#ifndef DR_CLUSTERING_DENDROGRAM_H
#define DR_CLUSTERING_DENDROGRAM_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

struct dr_dendrogram_merge {
    uint32_t left, right; /* nodes, left < right */
    double distance;      /* between them */
};

/* label [num_points]: the flat clusters in which no merge is of a greater distance than threshold,
 * numbered as scipy's fcluster(criterion="distance") numbers them, from 0: in order of a walk that
 * goes into the left node, then the right one, and names a node's own points last. merge
 * [num_points - 1]; num_points >= 1. arena is used for scratch only. DIARIST_ERROR_MEMORY. */
int dr_dendrogram_cut(int32_t *label, size_t *num_clusters, const struct dr_dendrogram_merge *merge,
                      size_t num_points, double threshold, struct dr_arena *arena,
                      diarist_error *err);

#endif
