/* lstm_neon.c - one time step of an LSTM direction for a batch: NEON.
 * SPDX-License-Identifier: MIT
 * 6 sequences x 4 gates of 4 units: 24 sums, 6 x 4 inputs and 1 weight in 32 registers. */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"

#define MAX_ROWS 6
#define INPUTS 4
#define vec_inputs vld1q_f32
#define vec_fma_input(a, x, i, b) vfmaq_n_f32(a, b, (x)[i])

#include "kernels/lstm_template.h"

void dr_lstm_step_neon(const struct dr_lstm_step *s) {
    step(s);
}
