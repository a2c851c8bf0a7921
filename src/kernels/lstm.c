/* lstm.c - one time step of an LSTM direction for a batch: the portable body.
 * SPDX-License-Identifier: MIT
 * One block of 16 units, whose 4 gates are 64 neighbouring columns, and up to two sequences at a
 * time. */
#include <math.h>

#include "kernels/bodies.h"
#include "kernels/products.h"

#define GATES 4

static float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

/* tanhf takes three times as long as expf. This is good to 1e-7, not to the last digit near 0. */
static float hyperbolic_tangent(float x) {
    return 2.0f * sigmoid(2.0f * x) - 1.0f;
}

/* g: [i, f, g, o][16] of the products, x: the same of the inputs, c and h: [16] */
static void apply_gates(float *c, float *h, const float *const g[GATES], const float *x) {
    for (size_t j = 0; j < DR_PANEL; j++) {
        const float input = sigmoid(g[0][j] + x[j]);
        const float forget = sigmoid(g[1][j] + x[DR_PANEL + j]);
        const float cell = hyperbolic_tangent(g[2][j] + x[2 * DR_PANEL + j]);
        const float output = sigmoid(g[3][j] + x[3 * DR_PANEL + j]);
        c[j] = forget * c[j] + input * cell;
        h[j] = output * hyperbolic_tangent(c[j]);
    }
}

/* rows sequences from i on, 16 units from unit on. */
INLINE void tile(const int rows, const struct dr_lstm_step *s, size_t i, size_t unit) {
    const float *h_prev = s->h_prev + (ptrdiff_t)i * s->ldh_prev;
    const float *u = s->u + unit * s->hidden * GATES;
    float sum[GATES][MAX_ROWS][DR_PANEL] = {{{0}}};
    for (size_t p = 0; p < GATES; p++)
        add_products(rows, sum[p], h_prev, s->ldh_prev, u + p * DR_PANEL, GATES * DR_PANEL,
                     s->hidden);
    for (size_t r = 0; r < (size_t)rows; r++) {
        const float *const g[GATES] = {sum[0][r], sum[1][r], sum[2][r], sum[3][r]};
        apply_gates(s->c + (i + r) * s->hidden + unit, s->h + (ptrdiff_t)(i + r) * s->ldh + unit, g,
                    s->x + (ptrdiff_t)(i + r) * s->ldx + unit * GATES);
    }
}

void dr_lstm_step_c(const struct dr_lstm_step *s) {
    for (size_t unit = 0; unit < s->hidden; unit += DR_PANEL) {
        size_t i = 0;
        for (; i + 2 <= s->batch; i += 2)
            tile(2, s, i, unit);
        if (i < s->batch)
            tile(1, s, i, unit);
    }
}
