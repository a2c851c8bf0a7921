/* random.h - the same pseudo-random numbers everywhere, and voices made of them.
 * SPDX-License-Identifier: MIT */
#ifndef TEST_CLUSTERING_RANDOM_H
#define TEST_CLUSTERING_RANDOM_H

#include "types.h"

#include <math.h>

/* Uniform in [0, 1): xorshift64*. */
static inline double random_uniform(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * 0x2545f4914f6cdd1dULL) >> 11) / 9007199254740992.0;
}

static inline size_t random_below(uint64_t *state, size_t n) {
    return (size_t)(random_uniform(state) * (double)n);
}

static inline double random_normal(uint64_t *state) {
    double u = 1 - random_uniform(state), v = random_uniform(state);
    return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* A unit vector around direction (NULL: anywhere), the closer the smaller spread. */
static inline void random_voice(float *out, const float *direction, double spread,
                                uint64_t *state) {
    double squares = 0;
    for (int d = 0; d < DR_EMBEDDING_DIM; d++) {
        double x =
            (direction ? direction[d] : 0) + spread * random_normal(state) / sqrt(DR_EMBEDDING_DIM);
        out[d] = (float)x;
        squares += x * x;
    }
    for (int d = 0; d < DR_EMBEDDING_DIM; d++)
        out[d] = (float)(out[d] / sqrt(squares));
}

#endif
