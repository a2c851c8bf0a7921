/* uniform.c - numbers for tests that look random.
 * SPDX-License-Identifier: MIT */
#include "uniform.h"

#include <stdint.h>

double uniform(void) {
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(int64_t)state / 9223372036854775808.0;
}
