/* mersenne.h - the pseudo-random numbers of numpy's RandomState.
 * SPDX-License-Identifier: MIT
 *
 * MT19937 of Matsumoto and Nishimura (1998), seeded as in their version of 2002. */
#ifndef DR_CLUSTERING_MERSENNE_H
#define DR_CLUSTERING_MERSENNE_H

#include <stddef.h>
#include <stdint.h>

enum { DR_MERSENNE_WORDS = 624 };

struct dr_mersenne {
    uint32_t word[DR_MERSENNE_WORDS];
    size_t next;
};

void dr_mersenne_seed(struct dr_mersenne *random, uint32_t seed);

/* Uniform in [0, 1), 53 bits: RandomState.random_sample. */
double dr_mersenne_uniform(struct dr_mersenne *random);

#endif
