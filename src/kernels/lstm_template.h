/* lstm_template.h - one time step of an LSTM direction for a batch, for any vector width.
 * SPDX-License-Identifier: MIT
 * MAX_ROWS sequences x 4 gates keep their sums in registers over all of h_prev * U and go through
 * the gates right away. Included once by each instruction set's file, which defines, besides what
 * lstm_gates_template.h asks for,
 *   DR_ISA, LANES, MAX_ROWS       lanes of a vector (4, 8 or 16), sequences at once (3 or 6)
 *   vec_input, vec_input_load(p)  the float at p as vec_fma_input multiplies it
 *   vec_fma_input(x, w, sum)      sum + x * w
 * No include guard: one file includes this once. */

#include "kernels/bodies.h"
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

    for (size_t k = 0; k < s->hidden; k++, h_prev++, u += BLOCK) {
        vec_input previous[MAX_ROWS];
        UNROLL
        for (int r = 0; r < rows; r++)
            previous[r] = vec_input_load(h_prev + r * ldh_prev);
        UNROLL
        for (int p = 0; p < GATES; p++) {
            const vec w = vec_load(u + p * DR_PANEL);
            UNROLL
            for (int r = 0; r < rows; r++)
                sum[r][p] = vec_fma_input(previous[r], w, sum[r][p]);
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

#define STEP struct dr_lstm_step
#include "kernels/lstm_tiles_template.h"

void DR_BODY(lstm_step, DR_ISA)(const struct dr_lstm_step *s) {
    run_tiles(s);
}
