/* upgma.h - average-linkage clustering of windows, in blocks of time when there are many.
 * SPDX-License-Identifier: MIT
 *
 * Up to params->block windows are linked at once. More are first linked in equal blocks of time at
 * threshold + block_rise, then all clusters of the blocks at threshold, with exact sums. When the
 * blocks leave more than level_limit clusters, these, in order of their first window, are linked in
 * blocks of params->block clusters in the same way, again and again while that makes them fewer by
 * a tenth or more; of what then remains the level_limit largest take part in the last linkage and
 * the others stay by themselves. So work grows linearly with the recording, and no array with its
 * square.
 *
 * Another threshold than the default, up to default + block_rise, cuts the same last linkage; a
 * higher one has blocks of its own, linked at that threshold + block_rise. */
#ifndef DR_CLUSTERING_UPGMA_H
#define DR_CLUSTERING_UPGMA_H

#include "clustering/linkage.h"
#include "clustering/links.h"
#include "clustering/params.h"

/* What was merged, so that several thresholds can be tried. */
struct dr_cluster_tree {
    size_t num_blocks;            /* 0: so few windows that there is no first level */
    size_t *first_window;         /* [num_blocks + 1] */
    struct dr_merge *block_merge; /* those of block b start at first_window[b] */
    size_t *num_block_merges;     /* [num_blocks] */

    double lowest, highest; /* thresholds at which the last linkage can be cut */
    size_t num_items;       /* that it could merge */
    uint32_t *item;         /* [num windows] of each window */
    struct dr_merge *merge;
    size_t num_merges;
};

/* Links at params->threshold, and on to lowest (<= threshold) at the last level. Lives in arena.
 * DIARIST_ERROR_MEMORY. */
int dr_cluster_tree_build(struct dr_cluster_tree *out, const struct dr_windows *windows,
                          const struct dr_links *links, const struct dr_cluster_params *params,
                          double lowest, struct dr_arena *arena, diarist_error *err);

/* labels [windows->num]: clusters at threshold >= lowest, numbered in order of their first window;
 * *num_clusters of them. windows, links and params as for the tree. arena is used for scratch only.
 */
int dr_cluster_tree_cut(int32_t *labels, size_t *num_clusters, const struct dr_cluster_tree *tree,
                        const struct dr_windows *windows, const struct dr_links *links,
                        const struct dr_cluster_params *params, double threshold,
                        struct dr_arena *arena, diarist_error *err);

/* Both in one, at params->threshold. */
int dr_cluster_windows(int32_t *labels, size_t *num_clusters, const struct dr_windows *windows,
                       const struct dr_links *links, const struct dr_cluster_params *params,
                       struct dr_arena *arena, diarist_error *err);

#endif
