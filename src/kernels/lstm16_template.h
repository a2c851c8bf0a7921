/* lstm16_template.h - one time step of an LSTM direction with its state in 16 bits, for a batch and
 * any vector width.
 * SPDX-License-Identifier: MIT
 * MAX_ROWS sequences x 4 gates keep their sums in registers over all of h_prev * U and go through
 * the gates right away. Included once by each instruction set's file, which defines, besides what
 * lstm_gates_template.h asks for,
 *   DR_ISA, LANES, MAX_ROWS   lanes of a vector (4, 8 or 16), sequences at once (3 or 6)
 *   lanes, pairs              as many int32, sums; and as many pairs of int16
 *   lanes_zero(), lanes_load(p), lanes_pair(p): the pair of int16 at p in every lane
 *   lanes_multiply_add(x, w, sum)  sum + both products of each lane's pairs in x and w
 *   lanes_to_vec(v)           as float
 *   store_int16(p, v)         LANES floats, rounded, as int16
 * No include guard: one file includes this once. */

#include "kernels/bodies.h"
#include "kernels/lstm_gates_template.h"

#define BLOCK (GATES * DR_PANEL)

/* rows <= GATE_ROWS sequences from i on: from the sums of h_prev * U to the new state. */
INLINE void finish_rows(const int rows, const struct dr_lstm_step16 *s, size_t i, size_t unit,
                        const lanes *sums) {
    const size_t offset = unit / DR_PANEL * BLOCK + unit % DR_PANEL;
    const float *x = s->x + (ptrdiff_t)i * s->ldx + offset;
    int16_t *h = s->h + (ptrdiff_t)i * s->ldh + (ptrdiff_t)unit;
    vec gates[GATES][GATE_ROWS];
    UNROLL
    for (int p = 0; p < GATES; p++)
        EACH(gates[p][each] = vec_fma(lanes_to_vec(sums[each * GATES + p]),
                                      vec_load(s->u_scale + offset + p * DR_PANEL),
                                      vec_load(x + each * s->ldx + p * DR_PANEL)));
    apply_gates(rows, s->c + i * s->hidden + unit, s->hidden, gates);
    EACH(store_int16(h + each * s->ldh, vec_mul(gates[0][each], vec_set(DR_LSTM_UNIT))));
}

/* rows sequences from i on, LANES units from unit on. */
INLINE void tile(const int rows, const struct dr_lstm_step16 *s, size_t i, size_t unit) {
    const int16_t *u = s->u + unit / DR_PANEL * BLOCK * s->hidden + unit % DR_PANEL * 2;
    const int16_t *h_prev = s->h_prev + (ptrdiff_t)i * s->ldh_prev;
    const ptrdiff_t ldh_prev = s->ldh_prev;
    lanes sum[MAX_ROWS * GATES];

    UNROLL
    for (int p = 0; p < rows * GATES; p++)
        sum[p] = lanes_zero();
    for (size_t k = 0; k < s->hidden; k += 2, h_prev += 2, u += 2 * BLOCK) {
        UNROLL
        for (int r = 0; r < rows; r++) {
            const pairs previous = lanes_pair(h_prev + r * ldh_prev);
            UNROLL
            for (int p = 0; p < GATES; p++)
                sum[r * GATES + p] = lanes_multiply_add(previous, lanes_load(u + p * 2 * DR_PANEL),
                                                        sum[r * GATES + p]);
        }
    }

    /* Through memory: the gates need the registers. */
    lanes sums[MAX_ROWS * GATES];
    UNROLL
    for (int p = 0; p < rows * GATES; p++)
        sums[p] = sum[p];
    UNROLL
    for (int r = 0; r < rows; r += GATE_ROWS)
        finish_rows(rows - r < GATE_ROWS ? rows - r : GATE_ROWS, s, i + (size_t)r, unit,
                    sums + r * GATES);
}

#define STEP struct dr_lstm_step16
#include "kernels/lstm_tiles_template.h"

void DR_BODY(lstm_step16, DR_ISA)(const struct dr_lstm_step16 *s) {
    run_tiles(s);
}
