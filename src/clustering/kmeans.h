/* kmeans.h - a given number of clusters.
 * SPDX-License-Identifier: MIT
 *
 * Lloyd's algorithm from k-means++ seeds, the best of three runs: scikit-learn's
 * KMeans(n_init=3, random_state=42) from 1.3 on, with its random numbers, its greedy seeding and
 * its rules for convergence and for clusters that lose all points. scikit-learn computes in single
 * precision here and in the order of its BLAS, this in double: labels are the same unless a
 * decision hangs on a difference of about 1e-6. */
#ifndef DR_CLUSTERING_KMEANS_H
#define DR_CLUSTERING_KMEANS_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

/* label [num]: 0..num_clusters-1; with fewer distinct points than clusters not all occur. point
 * [num][256] is used up: it is centred. 1 <= num_clusters <= num. arena is used for scratch only.
 * DIARIST_ERROR_MEMORY. */
int dr_kmeans(int32_t *label, double *point, size_t num, size_t num_clusters,
              struct dr_arena *arena, diarist_error *err);

#endif
