/* campplus_past.c - what CAM++'s layers need of the columns before those at hand.
 * SPDX-License-Identifier: MIT */
#include "embedding/campplus_past.h"

#include <string.h>

/* What the mean over everything and the nearer one count in a context, which is made for their sum
 * over one part: found by experiment. */
#define FAR_WEIGHT 1.2f
#define NEAR_WEIGHT 0.8f

enum { CHANNELS = DR_CAMPPLUS_BOTTLENECK, NEAR = DR_CAMPPLUS_NEAR };

void dr_campplus_past_forget(struct dr_campplus_past *past) {
    memset(past, 0, sizeof *past);
}

void dr_layer_past_rows(const struct dr_campplus_past *past, size_t layer, float *rows,
                        size_t reach) {
    memcpy(rows, past->layer[layer].row, reach * CHANNELS * sizeof *rows);
}

void dr_layer_past_context(const struct dr_campplus_past *past, size_t layer, float *context,
                           const float *sum, size_t n) {
    const float *before = past->layer[layer].sum;
    const float all = past->num + (float)n;
    float near = all < NEAR ? all : NEAR;
    near = near > (float)n ? near : (float)n;
    const float share = (near - (float)n) / past->num;
    for (int j = 0; j < CHANNELS; j++)
        context[j] = FAR_WEIGHT * (before[j] + sum[j]) / all +
                     NEAR_WEIGHT * (share * before[j] + sum[j]) / near;
}

/* What is left of a sum after n more columns. */
static float fading(size_t n) {
    return n < NEAR ? 1.0f - (float)n / NEAR : 0.0f;
}

void dr_layer_past_add(struct dr_campplus_past *past, size_t layer, const float *rows, size_t reach,
                       const float *sum, size_t n) {
    struct dr_layer_past *to = &past->layer[layer];
    const float left = fading(n);
    memmove(to->row, rows, reach * CHANNELS * sizeof *rows);
    for (int j = 0; j < CHANNELS; j++)
        to->sum[j] = left * to->sum[j] + sum[j];
}

void dr_campplus_past_advance(struct dr_campplus_past *past, size_t n) {
    past->num = fading(n) * past->num + (float)n;
}
