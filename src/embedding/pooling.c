/* pooling.c - from sums over columns to the statistics that the embedding head takes.
 * SPDX-License-Identifier: MIT */
#include "embedding/pooling.h"

#include <math.h>

#include "types.h"

void dr_pooled_add(struct dr_pooled *pooled, const struct dr_kernels *kernels, const float *columns,
                   const unsigned char *keep, size_t num) {
    kernels->pool_sums(pooled->sum, pooled->squares, columns, DR_COLUMN_DIM, keep, num,
                       DR_COLUMN_DIM);
    for (size_t i = 0; i < num; i++)
        pooled->n += keep[i] != 0;
}

void dr_pooled_statistics(float *statistics, const struct dr_pooled *pooled) {
    double n = (double)pooled->n;
    for (int j = 0; j < DR_COLUMN_DIM; j++) {
        double mean = pooled->sum[j] / n;
        double variance = fmax(pooled->squares[j] / n - mean * mean, 0.0) * n / fmax(n - 1.0, 1.0);
        statistics[j] = (float)mean;
        statistics[DR_COLUMN_DIM + j] = (float)sqrt(variance);
    }
}

void dr_normalise(float *embedding) {
    double squares = 0.0;
    for (int j = 0; j < DR_EMBEDDING_DIM; j++)
        squares += (double)embedding[j] * embedding[j];
    float scale = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0f;
    for (int j = 0; j < DR_EMBEDDING_DIM; j++)
        embedding[j] = embedding[j] * scale + 0.0f; /* never -0 */
}
