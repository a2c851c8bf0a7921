/* winograd_matrices.h - the transforms of Winograd's F(4, 3), as the paper has them.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_KERNELS_WINOGRAD_MATRICES_H
#define TESTS_KERNELS_WINOGRAD_MATRICES_H

enum { POINTS = 6, OUTPUTS = 4, TAPS = 3 };

/* Lavin & Gray 2016, F(4 x 4, 3 x 3): G, and B' */
static const double filter_transform[POINTS][TAPS] = {{1.0 / 4, 0, 0},
                                                      {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                                      {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                                      {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                                      {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                                      {0, 0, 1}};
static const double input_transform[POINTS][POINTS] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0},
                                                       {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0},
                                                       {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};

#endif
