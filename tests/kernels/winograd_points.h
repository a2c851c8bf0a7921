/* winograd_points.h - the transforms of Winograd's convolutions of 7 points, by their definition.
 * SPDX-License-Identifier: MIT
 * Toom and Cook's points 0, 1, -1, 2, -2, 1/2 and infinity. */
#ifndef TESTS_KERNELS_WINOGRAD_POINTS_H
#define TESTS_KERNELS_WINOGRAD_POINTS_H

#include <stddef.h>

#include "checkkern.h"

enum { WINOGRAD_POINTS = 7 };

/* G of a filter with so many taps: powers of a point over the product of its distances to the
 * others. */
double winograd_filter_weight(size_t point, size_t tap, size_t taps);

/* Row `point` of B': coefficients of the product of all x - other point. */
void winograd_input_weights(double product[WINOGRAD_POINTS], size_t point);

/* Calls check for 1, 2 and 7 tiles of each of the num numbers of columns ns, with and without a gap
 * behind rows and points, at each placement. */
void winograd_each_map(const struct check *t, const size_t *ns, size_t num,
                       void (*check)(const struct check *t, size_t tiles, size_t n, size_t gap,
                                     enum placement place));

/* Whether all between the points v, so many rows of `width` ld apart, is still 0. */
bool winograd_gaps_kept(const float *v, size_t points, size_t ld, size_t width);

#endif
