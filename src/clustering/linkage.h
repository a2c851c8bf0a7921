/* linkage.h - average linkage of a few thousand items, with cannot-link penalties.
 * SPDX-License-Identifier: MIT
 *
 * Items are clusters already: a mean vector and a count. The similarity of two clusters is the dot
 * of their means (the mean over all pairs of points) minus link_weight * max(0, diff - same) /
 * (diff + same + link_prior), with counts that add up under merging. The most similar pair is
 * merged, of equals the one with the lowest index (first of the lower, then of the higher item). */
#ifndef DR_CLUSTERING_LINKAGE_H
#define DR_CLUSTERING_LINKAGE_H

#include "base/arena.h"
#include "clustering/params.h"

#include <stdint.h>

/* from becomes part of into; into < from. */
struct dr_merge {
    uint32_t into, from;
    double similarity;
};

/* Pairs i < j are kept as the upper triangle, row by row. */
struct dr_linkage {
    size_t num;
    double link_weight, link_prior;
    double *dot;           /* [num (num - 1) / 2] */
    uint32_t *same, *diff; /* the same shape */
    size_t *count;         /* [num] points in a cluster */
    uint8_t *alive;        /* [num] */
    uint32_t *nearest;     /* [num] the most similar j > i */
    double *similarity;    /* [num] to it */
};

/* Allocates in arena; -1 when there is no memory. Counts are 1, links 0, dots not set. */
int dr_linkage_init(struct dr_linkage *linkage, size_t num, const struct dr_cluster_params *params,
                    struct dr_arena *arena);

/* Sets all dots. mean: [num][192]. */
void dr_linkage_set_means(struct dr_linkage *linkage, const double *mean);

/* Adds evidence on a pair i != j. */
void dr_linkage_add_links(struct dr_linkage *linkage, size_t i, size_t j, uint32_t same,
                          uint32_t diff);

/* Merges while the best pair is at least as similar as threshold. small_windows > 0: only pairs
 * with fewer points than that in the smaller cluster. Writes the merges in order and returns how
 * many; at most num - 1 over all calls. A later call goes on from there. */
size_t dr_linkage_run(struct dr_linkage *linkage, struct dr_merge *merge, double threshold,
                      size_t small_windows);

#endif
