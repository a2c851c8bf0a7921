/* lstm16.c - one time step of an LSTM direction with its state in 16 bits: the portable body.
 * SPDX-License-Identifier: MIT
 * One sequence and one block of 16 units at a time; its 4 gates are 64 neighbouring columns. */
#include <math.h>

#include "kernels/bodies.h"

#define GATES 4

static float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

/* g: [i, f, g, o][16], c and h: [16] */
static void apply_gates(float *c, int16_t *h, const float g[GATES * DR_PANEL]) {
    for (size_t j = 0; j < DR_PANEL; j++) {
        const float input = sigmoid(g[j]), forget = sigmoid(g[DR_PANEL + j]);
        const float cell = tanhf(g[2 * DR_PANEL + j]), output = sigmoid(g[3 * DR_PANEL + j]);
        c[j] = forget * c[j] + input * cell;
        h[j] = (int16_t)lrintf(output * tanhf(c[j]) * DR_LSTM_UNIT);
    }
}

void dr_lstm_step16_c(const struct dr_lstm_step16 *s) {
    const size_t width = GATES * DR_PANEL;

    for (size_t i = 0; i < s->batch; i++) {
        const int16_t *h_prev = s->h_prev + (ptrdiff_t)i * s->ldh_prev;
        for (size_t unit = 0; unit < s->hidden; unit += DR_PANEL) {
            const float *x = s->x + (ptrdiff_t)i * s->ldx + unit * GATES;
            const int16_t *u = s->u + unit * s->hidden * GATES;
            int32_t sum[GATES * DR_PANEL] = {0};
            for (size_t k = 0; k < s->hidden; k += 2, u += 2 * width)
                for (size_t j = 0; j < width; j++)
                    sum[j] += h_prev[k] * u[2 * j] + h_prev[k + 1] * u[2 * j + 1];
            float g[GATES * DR_PANEL];
            for (size_t j = 0; j < width; j++)
                g[j] = (float)sum[j] * s->u_scale[unit * GATES + j] + x[j];
            apply_gates(s->c + i * s->hidden + unit, s->h + (ptrdiff_t)i * s->ldh + unit, g);
        }
    }
}
