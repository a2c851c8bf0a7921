/* lstm_gates_template.h - from the four gates of an LSTM unit to its state and output, for any
 * vector width.
 * SPDX-License-Identifier: MIT
 * Included once by each instruction set's file, which defines
 *   vec                       the vector
 *   vec_set, vec_load, vec_store, vec_add, vec_sub, vec_mul, vec_div, vec_fma (a * b + c), vec_min,
 *   vec_max, vec_round        as their names say
 *   vec_scale(v, n)           v * 2^n, n a whole number from -40 to 40
 * No include guard: one file includes this once. */

#include "kernels/unroll.h"

#define GATES 4

/* Rows that go through the gates together: one row alone is a chain of operations that leaves most
 * of the processor idle. */
#define GATE_ROWS 3

#define EACH(expression)                        \
    do {                                        \
        UNROLL                                  \
        for (int each = 0; each < rows; each++) \
            expression;                         \
    } while (0)

/* x = e^(factor * x). Its logarithm to base 2 is clamped to +-40: sigmoid and tanh are flat there,
 * and a product of three such powers is still finite. The polynomial is 2^f for -1/2 <= f <= 1/2
 * with p(0) = 1, made for the least relative error, 9e-8. */
INLINE void power_of_e(const int rows, vec x[GATE_ROWS], float factor) {
    static const float polynomial[] = {9.671512688e-03f, 5.550733744e-02f, 2.402224208e-01f,
                                       6.931469776e-01f, 1.0f};
    vec n[GATE_ROWS], f[GATE_ROWS], p[GATE_ROWS];
    EACH(x[each] = vec_mul(x[each], vec_set(factor * 1.442695041f)));
    EACH(x[each] = vec_min(vec_max(x[each], vec_set(-40.0f)), vec_set(40.0f)));
    EACH(n[each] = vec_round(x[each]));
    EACH(f[each] = vec_sub(x[each], n[each]));
    EACH(p[each] = vec_set(1.326472725e-03f));
    UNROLL
    for (size_t i = 0; i < sizeof polynomial / sizeof *polynomial; i++)
        EACH(p[each] = vec_fma(p[each], f[each], vec_set(polynomial[i])));
    EACH(x[each] = vec_scale(p[each], n[each]));
}

/* Gates i, f, g, o of each row; updates c, whose rows are ldc apart, and leaves h in g[..][0]. With
 * sigmoid(x) = 1 / (1 + e^-x) and tanh(x) = (1 - e^-2x) / (1 + e^-2x), everything over one
 * denominator: two divisions in place of five. */
INLINE void apply_gates(const int rows, float *c, size_t ldc, vec g[GATES][GATE_ROWS]) {
    const vec one = vec_set(1.0f);
    vec *input = g[0], *forget = g[1], *cell = g[2], *output = g[3], state[GATE_ROWS];
    power_of_e(rows, input, -1.0f);
    power_of_e(rows, forget, -1.0f);
    power_of_e(rows, cell, -2.0f);
    power_of_e(rows, output, -1.0f);
    EACH(input[each] = vec_mul(vec_add(one, input[each]), vec_add(one, cell[each])));
    EACH(forget[each] = vec_add(one, forget[each]));
    EACH(state[each] = vec_fma(vec_load(c + (size_t)each * ldc), input[each],
                               vec_mul(forget[each], vec_sub(one, cell[each]))));
    EACH(state[each] = vec_div(state[each], vec_mul(forget[each], input[each])));
    EACH(vec_store(c + (size_t)each * ldc, state[each]));
    power_of_e(rows, state, -2.0f);
    EACH(output[each] = vec_mul(vec_add(one, output[each]), vec_add(one, state[each])));
    EACH(g[0][each] = vec_div(vec_sub(one, state[each]), output[each]));
}
