/* winograd_filter.c - what takes the weights of a filter to the points of Winograd's convolutions.
 * SPDX-License-Identifier: MIT
 * Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), by way of Toom and
 * Cook: a filter is a polynomial, of which its value at each point is taken over the product of the
 * point's distances to the others, and at infinity its highest coefficient. */
#include "nn/winograd_filter.h"

enum { FINITE = 6 };

static const double points[FINITE] = {0.0, 1.0, -1.0, 2.0, -2.0, 0.5};

void dr_winograd_filter(double *g, size_t taps) {
    for (size_t p = 0; p < FINITE; p++) {
        double weight = 1.0;
        for (size_t other = 0; other < FINITE; other++)
            if (other != p)
                weight /= points[p] - points[other];
        for (size_t k = 0; k < taps; k++, weight *= points[p])
            *g++ = weight;
    }
    for (size_t k = 0; k < taps; k++)
        *g++ = k + 1 == taps;
}
