/* lstm_template.h - one time step of an LSTM direction for a batch, for any vector width.
 * SPDX-License-Identifier: MIT
 * MAX_ROWS sequences x 4 gates keep their sums in registers over all of h_prev * U and go through
 * the gates right away. Included once by each instruction set's file, which defines
 *   vec, LANES, MAX_ROWS      the vector, its lanes (4, 8 or 16), sequences at once (3 or 6)
 *   vec_set, vec_load, vec_store, vec_add, vec_sub, vec_mul, vec_div, vec_fma (a * b + c), vec_min,
 *   vec_max, vec_round        as their names say
 *   vec_scale(v, n)           v * 2^n, n a whole number from -40 to 40
 *   INPUTS, vec_inputs(p)     inputs that one vector holds (1 or 4), and p[0..INPUTS-1] in one
 *   vec_fma_input(a, x, i, b) a + x[i] * b, where x is of vec_inputs
 * No include guard: one file includes this once. */

#include "kernels/unroll.h"

#define GATES 4
#define BLOCK (GATES * DR_PANEL)

/* exp(factor * x) / log(2) is clamped to +-40: sigmoid and tanh are flat there, and a product of
 * three such powers is still finite. The polynomial is 2^f for -1/2 <= f <= 1/2 with p(0) = 1, made
 * for the least relative error, 9e-8. */
INLINE vec power_of_e(vec x, float factor) {
    const vec y = vec_mul(x, vec_set(factor * 1.442695041f));
    const vec clamped = vec_min(vec_max(y, vec_set(-40.0f)), vec_set(40.0f));
    const vec n = vec_round(clamped);
    const vec f = vec_sub(clamped, n);
    vec p = vec_set(1.326472725e-03f);
    p = vec_fma(p, f, vec_set(9.671512688e-03f));
    p = vec_fma(p, f, vec_set(5.550733744e-02f));
    p = vec_fma(p, f, vec_set(2.402224208e-01f));
    p = vec_fma(p, f, vec_set(6.931469776e-01f));
    p = vec_fma(p, f, vec_set(1.0f));
    return vec_scale(p, n);
}

/* With sigmoid(x) = 1 / (1 + e^-x) and tanh(x) = (1 - e^-2x) / (1 + e^-2x), everything over one
 * denominator: two divisions in place of five. */
INLINE void apply_gates(float *c, float *h, const vec g[GATES]) {
    const vec one = vec_set(1.0f);
    const vec input = vec_add(one, power_of_e(g[0], -1.0f));
    const vec forget = vec_add(one, power_of_e(g[1], -1.0f));
    const vec cell = power_of_e(g[2], -2.0f);
    const vec output = vec_add(one, power_of_e(g[3], -1.0f));

    const vec input_cell = vec_mul(input, vec_add(one, cell));
    const vec numerator = vec_fma(vec_load(c), input_cell, vec_mul(forget, vec_sub(one, cell)));
    const vec state = vec_div(numerator, vec_mul(forget, input_cell));
    vec_store(c, state);

    const vec e = power_of_e(state, -2.0f);
    vec_store(h, vec_div(vec_sub(one, e), vec_mul(output, vec_add(one, e))));
}

/* rows sequences from i on, LANES units from unit on. */
INLINE void tile(const int rows, const struct dr_lstm_step *s, size_t i, size_t unit) {
    const size_t offset = unit / DR_PANEL * BLOCK + unit % DR_PANEL;
    const float *u = s->u + unit / DR_PANEL * BLOCK * s->hidden + unit % DR_PANEL;
    const float *x = s->x + (ptrdiff_t)i * s->ldx + offset;
    const float *h_prev = s->h_prev + (ptrdiff_t)i * s->ldh_prev;
    const ptrdiff_t ldh_prev = s->ldh_prev;
    vec sum[MAX_ROWS][GATES];

    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int p = 0; p < GATES; p++)
        sum[r][p] = vec_load(x + r * s->ldx + p * DR_PANEL);

    for (size_t k = 0; k < s->hidden; k += INPUTS, h_prev += INPUTS) {
        vec previous[MAX_ROWS];
        UNROLL
        for (int r = 0; r < rows; r++)
            previous[r] = vec_inputs(h_prev + r * ldh_prev);
        UNROLL
        for (int input = 0; input < INPUTS; input++, u += BLOCK)
            UNROLL
        for (int p = 0; p < GATES; p++) {
            const vec w = vec_load(u + p * DR_PANEL);
            UNROLL
            for (int r = 0; r < rows; r++)
                sum[r][p] = vec_fma_input(sum[r][p], previous[r], input, w);
        }
    }

    /* Through memory, and not unrolled: the gates of one row are code enough. */
    vec gates[MAX_ROWS][GATES];
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int p = 0; p < GATES; p++)
        gates[r][p] = sum[r][p];
    for (size_t r = 0; r < (size_t)rows; r++)
        apply_gates(s->c + (i + r) * s->hidden + unit,
                    s->h + (ptrdiff_t)(i + r) * s->ldh + (ptrdiff_t)unit, gates[r]);
}

#define TILE(rows)                                                                 \
    static void tile_##rows(const struct dr_lstm_step *s, size_t i, size_t unit) { \
        tile(rows, s, i, unit);                                                    \
    }
TILE(1)
TILE(2)
TILE(3)
#if MAX_ROWS > 3
TILE(4)
TILE(5)
TILE(6)
#endif

static void (*const tiles[])(const struct dr_lstm_step *s, size_t i, size_t unit) = {
    NULL,   tile_1, tile_2, tile_3,
#if MAX_ROWS > 3
    tile_4, tile_5, tile_6,
#endif
};

/* The weights of a block of units stay in the cache while the sequences pass. */
INLINE void step(const struct dr_lstm_step *s) {
    for (size_t unit = 0; unit < s->hidden; unit += LANES) {
        size_t num_tiles = (s->batch + MAX_ROWS - 1) / MAX_ROWS, rows;
        for (size_t i = 0; i < s->batch; i += rows, num_tiles--) {
            rows = (s->batch - i + num_tiles - 1) / num_tiles;
            tiles[rows](s, i, unit);
        }
    }
}
