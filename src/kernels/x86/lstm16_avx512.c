/* lstm16_avx512.c - one time step of an LSTM direction with its state in 16 bits: AVX-512 with
 * VNNI.
 * SPDX-License-Identifier: MIT
 * 6 sequences x 4 gates of 16 units: 24 sums, 4 weights and 1 pair of inputs in 32 registers. */
#include "kernels/x86/vector_avx512.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx512
#define MAX_ROWS 6

#include "kernels/lstm16_template.h"
