/* linkage.h - average linkage of a few thousand items, with cannot-link penalties.
 * SPDX-License-Identifier: MIT
 *
 * Items are clusters already: a mean vector and a count. The similarity of two clusters is the dot
 * of their means (the mean over all pairs of points) minus link_weight * max(0, diff - same) /
 * (diff + same + link_prior), with counts that add up under merging. The most similar pair is
 * merged, of equals the one with the lowest index. */
#ifndef DR_CLUSTERING_LINKAGE_H
#define DR_CLUSTERING_LINKAGE_H

#include "base/arena.h"
#include "clustering/params.h"

#include <stdint.h>

struct dr_merge {
    uint32_t into, from; /* into < from: the item that stands for the merged cluster */
    double similarity;
};

struct dr_linkage {
    size_t n;
    double *dot;           /* [n (n - 1) / 2]: rows i, columns j > i */
    uint32_t *same, *diff; /* the same shape */
    double *count;         /* [n] windows in a cluster */
    size_t *num_alive;
    uint8_t *alive;
    uint32_t *nearest; /* [n] most similar j > i */
    double *nearest_similarity;
};

/* Index of the pair i < j in dot, same and diff. */
static inline size_t dr_linkage_pair(size_t n, size_t i, size_t j) {
    return i * (2 * n - i - 1) / 2 + (j - i - 1);
}

#endif
