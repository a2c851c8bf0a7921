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

/* Gates i, f, g, o; updates c and returns h. With sigmoid(x) = 1 / (1 + e^-x) and tanh(x) =
 * (1 - e^-2x) / (1 + e^-2x), everything over one denominator: two divisions in place of five. */
INLINE vec apply_gates(float *c, const vec g[GATES]) {
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
    return vec_div(vec_sub(one, e), vec_mul(output, vec_add(one, e)));
}
