/* lstm_avx512.c - one time step of an LSTM direction for a batch: AVX-512.
 * SPDX-License-Identifier: MIT
 * 6 sequences x 4 gates of 16 units: 24 sums, 6 inputs and 1 weight in 32 registers. */
#include "kernels/x86/vector_avx512.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx512
#define MAX_ROWS 6

#include "kernels/lstm_template.h"
