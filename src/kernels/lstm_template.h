/* lstm_template.h - one time step of an LSTM direction for a batch, for any vector width.
 * SPDX-License-Identifier: MIT
 * MAX_ROWS sequences x 4 gates keep their sums in registers over all of h_prev * U and go through
 * the gates right away. Included once by each instruction set's file, which defines, besides what
 * lstm_gates_template.h asks for,
 *   LANES, MAX_ROWS           lanes of a vector (4, 8 or 16), sequences at once (3 or 6)
 *   INPUTS, vec_inputs(p)     inputs that one vector holds (1 or 4), and p[0..INPUTS-1] in one
 *   vec_fma_input(a, x, i, b) a + x[i] * b, where x is of vec_inputs
 * No include guard: one file includes this once. */

#include "kernels/lstm_gates_template.h"

#define BLOCK (GATES * DR_PANEL)

/* rows <= GATE_ROWS sequences from i on: from the gates' sums to the new state. */
INLINE void finish_rows(const int rows, const struct dr_lstm_step *s, size_t i, size_t unit,
                        vec (*const sums)[GATES]) {
    float *h = s->h + (ptrdiff_t)i * s->ldh + (ptrdiff_t)unit;
    vec gates[GATES][GATE_ROWS];
    UNROLL
    for (int p = 0; p < GATES; p++)
        EACH(gates[p][each] = sums[each][p]);
    apply_gates(rows, s->c + i * s->hidden + unit, s->hidden, gates);
    EACH(vec_store(h + each * s->ldh, gates[0][each]));
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

    /* Through memory: the gates need the registers. */
    vec sums[MAX_ROWS][GATES];
    UNROLL
    for (int r = 0; r < rows; r++)
        UNROLL
    for (int p = 0; p < GATES; p++)
        sums[r][p] = sum[r][p];
    UNROLL
    for (int r = 0; r < rows; r += GATE_ROWS)
        finish_rows(rows - r < GATE_ROWS ? rows - r : GATE_ROWS, s, i + (size_t)r, unit, sums + r);
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
