/* split.h - the windows of a voice put on two.
 * SPDX-License-Identifier: MIT */
#ifndef DR_CLUSTERING_SPLIT_H
#define DR_CLUSTERING_SPLIT_H

#include "types.h"

/* Puts some of the windows of cluster `old`, two or more, on `new`, which has none: k-means on
 * directions, from its least similar window and the one least similar to that. cluster
 * [windows->num]. direction: unit directions of both afterwards. */
void dr_split_cluster(int32_t *cluster, float direction[2][DR_EMBEDDING_DIM],
                      const struct dr_windows *windows, int32_t old, int32_t new);

/* a [192] . b [192] */
float dr_dot(const float *a, const float *b);

#endif
