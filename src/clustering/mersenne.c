/* mersenne.c - the pseudo-random numbers of numpy's RandomState.
 * SPDX-License-Identifier: MIT */
#include "clustering/mersenne.h"

enum { N = DR_MERSENNE_WORDS, M = 397 };

void dr_mersenne_seed(struct dr_mersenne *random, uint32_t seed) {
    random->word[0] = seed;
    for (uint32_t i = 1; i < N; i++) {
        uint32_t last = random->word[i - 1];
        random->word[i] = 1812433253u * (last ^ last >> 30) + i;
    }
    random->next = N;
}

static void refill(struct dr_mersenne *random) {
    uint32_t *word = random->word;
    for (size_t i = 0; i < N; i++) {
        uint32_t mixed = (word[i] & 0x80000000u) | (word[(i + 1) % N] & 0x7fffffffu);
        word[i] = word[(i + M) % N] ^ mixed >> 1 ^ (mixed & 1 ? 0x9908b0dfu : 0);
    }
    random->next = 0;
}

static uint32_t next_word(struct dr_mersenne *random) {
    if (random->next == N)
        refill(random);
    uint32_t y = random->word[random->next++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

double dr_mersenne_uniform(struct dr_mersenne *random) {
    uint32_t high = next_word(random) >> 5, low = next_word(random) >> 6;
    return ((double)high * 67108864 + low) / 9007199254740992.0;
}
