/* lstm_avx2.c - one time step of an LSTM direction for a batch: AVX2 with FMA.
 * SPDX-License-Identifier: MIT
 * 3 sequences x 4 gates of 8 units: 12 sums, 3 inputs and 1 weight in 16 registers. */
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx2
#define MAX_ROWS 3

#include "kernels/lstm_template.h"
