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
 */
#ifndef DR_CLUSTERING_UPGMA_H
#define DR_CLUSTERING_UPGMA_H

#include "clustering/linkage.h"
#include "clustering/links.h"
#include "clustering/params.h"

/* The merges of the first blocks, kept so that several thresholds can be tried. */
struct dr_block_merges {
    size_t num_blocks;      /* 0: so few windows that there is no first level */
    size_t *first_window;   /* [num_blocks + 1] */
    struct dr_merge *merge; /* those of block b start at first_window[b] */
    size_t *num_merges;     /* [num_blocks] */
};

/* Links the first blocks, so far that any threshold >= lowest can be cut. Lives in arena. */
int dr_block_merges_build(struct dr_block_merges *out, const struct dr_windows *windows,
                          const struct dr_links *links, const struct dr_cluster_params *params,
                          double lowest, struct dr_arena *arena, diarist_error *err);

/* labels [windows->num]: clusters at params->threshold, numbered in order of their first window;
 * *num_clusters of them. arena is used for scratch only. */
int dr_cluster_cut(int32_t *labels, size_t *num_clusters, const struct dr_block_merges *blocks,
                   const struct dr_windows *windows, const struct dr_links *links,
                   const struct dr_cluster_params *params, struct dr_arena *arena,
                   diarist_error *err);

/* Both in one. */
int dr_cluster_windows(int32_t *labels, size_t *num_clusters, const struct dr_windows *windows,
                       const struct dr_links *links, const struct dr_cluster_params *params,
                       struct dr_arena *arena, diarist_error *err);

#endif
