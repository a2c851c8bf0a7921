/* winograd_filter.h - what takes the weights of a filter to the points of Winograd's convolutions.
 * SPDX-License-Identifier: MIT */
#ifndef DR_NN_WINOGRAD_FILTER_H
#define DR_NN_WINOGRAD_FILTER_H

#include <stddef.h>

/* G of F(8 - taps, taps): g[7][taps], whose points are 0, 1, -1, 2, -2, 1/2 and infinity. A' and B'
 * that belong to it are in the kernels (kernels.h, "F(3, 5)" and "F(5x5, 3x3)"). */
void dr_winograd_filter(double *g, size_t taps);

#endif
