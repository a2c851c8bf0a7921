/* pooling.h - from sums over columns to the statistics that the embedding head takes.
 * SPDX-License-Identifier: MIT */
#ifndef DR_EMBEDDING_POOLING_H
#define DR_EMBEDDING_POOLING_H

#include <stddef.h>

#include "kernels/kernels.h"

/* Sums over some columns of the trunk, as they come. */
struct dr_pooled {
    size_t dim;            /* of a column: a multiple of 512 */
    double *sum, *squares; /* [dim] each */
    size_t n;              /* columns in them */
};

/* Adds the columns[i] with keep[i] != 0 of num columns [num][dim]. */
void dr_pooled_add(struct dr_pooled *pooled, const struct dr_kernels *kernels, const float *columns,
                   const unsigned char *keep, size_t num);

/* statistics[2 * dim]: mean, then unbiased standard deviation; 0 for a single column, and all 0 for
 * none. */
void dr_pooled_statistics(float *statistics, const struct dr_pooled *pooled);

/* Scales embedding[dim] to unit length; all zeros stay zeros. */
void dr_normalise(float *embedding, size_t dim);

#endif
