/* winograd_points.c - the transforms of Winograd's convolutions of 7 points, by their definition.
 * SPDX-License-Identifier: MIT */
#include "winograd_points.h"

#include <math.h>

enum { POINTS = WINOGRAD_POINTS };

/* The last one is infinity. */
static const double at[POINTS - 1] = {0, 1, -1, 2, -2, 0.5};

double winograd_filter_weight(size_t point, size_t tap, size_t taps) {
    if (point == POINTS - 1)
        return tap == taps - 1;
    double value = pow(at[point], (double)tap);
    for (size_t other = 0; other < POINTS - 1; other++)
        if (other != point)
            value /= at[point] - at[other];
    return value;
}

void winograd_input_weights(double product[POINTS], size_t point) {
    product[0] = 1.0;
    for (size_t k = 1; k < POINTS; k++)
        product[k] = 0.0;
    for (size_t other = 0; other < POINTS - 1; other++)
        for (size_t k = POINTS; other != point && k-- > 0;)
            product[k] = (k ? product[k - 1] : 0.0) - at[other] * product[k];
}

void winograd_each_map(const struct check *t, const size_t *ns, size_t num,
                       void (*check)(const struct check *t, size_t tiles, size_t n, size_t gap,
                                     enum placement place)) {
    static const size_t tiles[] = {1, 2, 7};
    for (size_t a = 0; a < COUNT(tiles); a++)
        for (size_t b = 0; b < num; b++)
            for (int place = 0; place < NUM_PLACEMENTS; place++) {
                check(t, tiles[a], ns[b], place % 2 ? GAP : 0, (enum placement)place);
                release_all();
            }
}

bool winograd_gaps_kept(const float *v, size_t points, size_t ld, size_t width) {
    bool kept = true;
    for (size_t p = 0; p + 1 < points; p++)
        for (size_t i = width; i < ld; i++)
            kept &= v[p * ld + i] == 0.0f;
    return kept;
}
