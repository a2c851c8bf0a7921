/* lstm.c - one time step of an LSTM direction for a batch: the portable body.
 * SPDX-License-Identifier: MIT
 * One sequence and one block of 16 units at a time; its 4 gates are 64 neighbouring columns. */
#include <math.h>

#include "kernels/bodies.h"

#define GATES 4

static float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

/* g: [i, f, g, o][16], c and h: [16] */
static void apply_gates(float *c, float *h, const float g[GATES * DR_PANEL]) {
    for (size_t j = 0; j < DR_PANEL; j++) {
        const float input = sigmoid(g[j]), forget = sigmoid(g[DR_PANEL + j]);
        const float cell = tanhf(g[2 * DR_PANEL + j]), output = sigmoid(g[3 * DR_PANEL + j]);
        c[j] = forget * c[j] + input * cell;
        h[j] = output * tanhf(c[j]);
    }
}

void dr_lstm_step_c(const struct dr_lstm_step *s) {
    const size_t width = GATES * DR_PANEL;

    for (size_t i = 0; i < s->batch; i++) {
        const float *h_prev = s->h_prev + (ptrdiff_t)i * s->ldh_prev;
        for (size_t unit = 0; unit < s->hidden; unit += DR_PANEL) {
            const float *x = s->x + (ptrdiff_t)i * s->ldx + unit * GATES;
            const float *u = s->u + unit * s->hidden * GATES;
            float g[GATES * DR_PANEL] = {0};
            for (size_t k = 0; k < s->hidden; k++)
                for (size_t j = 0; j < width; j++)
                    g[j] += h_prev[k] * u[k * width + j];
            for (size_t j = 0; j < width; j++)
                g[j] += x[j];
            apply_gates(s->c + i * s->hidden + unit, s->h + (ptrdiff_t)i * s->ldh + unit, g);
        }
    }
}
