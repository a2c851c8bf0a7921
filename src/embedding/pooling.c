/* pooling.c - from sums over columns to the statistics that the embedding head takes.
 * SPDX-License-Identifier: MIT */
#include "embedding/pooling.h"

#include <math.h>
#include <string.h>

/* Values whose sums stay in the cache from column to column. */
enum { PART = 512 };

void dr_pooled_add(struct dr_pooled *pooled, const struct dr_kernels *kernels, const float *columns,
                   const unsigned char *keep, size_t num) {
    for (size_t d = 0; d < pooled->dim; d += PART)
        kernels->pool_sums(pooled->sum + d, pooled->squares + d, columns + d,
                           (ptrdiff_t)pooled->dim, keep, num, PART);
    for (size_t i = 0; i < num; i++)
        pooled->n += keep[i] != 0;
}

void dr_pooled_statistics(float *statistics, const struct dr_pooled *pooled) {
    const double n = (double)pooled->n;
    if (!pooled->n)
        memset(statistics, 0, 2 * pooled->dim * sizeof *statistics);
    for (size_t j = 0; j < pooled->dim && pooled->n; j++) {
        const double mean = pooled->sum[j] / n;
        const double differences = fmax(pooled->squares[j] - mean * pooled->sum[j], 0.0);
        statistics[j] = (float)mean;
        statistics[pooled->dim + j] = pooled->n > 1 ? (float)sqrt(differences / (n - 1.0)) : 0.0f;
    }
}

void dr_normalise(float *embedding, size_t dim) {
    double squares = 0.0;
    for (size_t j = 0; j < dim; j++)
        squares += (double)embedding[j] * embedding[j];
    float scale = squares > 0.0 ? (float)(1.0 / sqrt(squares)) : 0.0f;
    for (size_t j = 0; j < dim; j++)
        embedding[j] = embedding[j] * scale + 0.0f; /* never -0 */
}
