/* lstm_avx2.c - one time step of an LSTM direction for a batch: AVX2 with FMA.
 * SPDX-License-Identifier: MIT
 * 3 sequences x 4 gates of 8 units: 12 sums, 3 inputs and 1 weight in 16 registers. */
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/x86.h"

#define MAX_ROWS 3
#define INPUTS 1
#define vec_inputs(p) _mm256_set1_ps(*(p))
#define vec_fma_input(a, x, i, b) _mm256_fmadd_ps(x, b, a)

#include "kernels/lstm_template.h"

void dr_lstm_step_avx2(const struct dr_lstm_step *s) {
    step(s);
}
