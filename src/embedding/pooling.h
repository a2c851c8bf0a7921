/* pooling.h - from sums over columns to the statistics that the embedding head takes.
 * SPDX-License-Identifier: MIT */
#ifndef DR_EMBEDDING_POOLING_H
#define DR_EMBEDDING_POOLING_H

#include <stddef.h>

#include "kernels/kernels.h"

/* Sums over some columns of the trunk, as they come. */
struct dr_pooled {
    double *sum, *squares; /* [512] each */
    size_t n;              /* columns in them */
};

/* Adds the columns[i] with keep[i] != 0 of num columns [num][512]. */
void dr_pooled_add(struct dr_pooled *pooled, const struct dr_kernels *kernels, const float *columns,
                   const unsigned char *keep, size_t num);

/* statistics[1024]: mean, then unbiased standard deviation (0 for a single column). pooled->n >= 1.
 */
void dr_pooled_statistics(float *statistics, const struct dr_pooled *pooled);

/* Scales embedding[192] to unit length; all zeros stay zeros. */
void dr_normalise(float *embedding);

#endif
