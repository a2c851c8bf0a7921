/* gemm16_avx2.c - matrix product of 16-bit integers with taps and scales: AVX2.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx2
#include "kernels/gemm16_template.h"
