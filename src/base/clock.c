/* clock.c - elapsed seconds, for reports only.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/clock.h"

#include <time.h>

double dr_clock_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
