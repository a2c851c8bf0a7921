/* winograd_points.h - the transforms of Winograd's convolutions of 7 points, by their definition.
 * SPDX-License-Identifier: MIT
 * Toom and Cook's points 0, 1, -1, 2, -2, 1/2 and infinity. */
#ifndef TESTS_KERNELS_WINOGRAD_POINTS_H
#define TESTS_KERNELS_WINOGRAD_POINTS_H

#include <stddef.h>

enum { WINOGRAD_POINTS = 7 };

/* G of a filter with so many taps: powers of a point over the product of its distances to the
 * others. */
double winograd_filter_weight(size_t point, size_t tap, size_t taps);

/* Row `point` of B': coefficients of the product of all x - other point. */
void winograd_input_weights(double product[WINOGRAD_POINTS], size_t point);

#endif
