/* lstm_avx512.c - one time step of an LSTM direction for a batch: AVX-512.
 * SPDX-License-Identifier: MIT
 * 6 sequences x 4 gates of 16 units: 24 sums, 6 inputs and 1 weight in 32 registers. */
#include "kernels/x86/vector_avx512.h"
#include "kernels/x86/x86.h"

#define MAX_ROWS 6
#define INPUTS 1
#define vec_inputs(p) _mm512_set1_ps(*(p))
#define vec_fma_input(a, x, i, b) _mm512_fmadd_ps(x, b, a)

#include "kernels/lstm_template.h"

void dr_lstm_step_avx512(const struct dr_lstm_step *s) {
    step(s);
}
