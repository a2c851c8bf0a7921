/* gemm16_avx512.c - matrix product of 16-bit integers with taps and scales: AVX-512 with VNNI.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx512.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx512
#include "kernels/gemm16_template.h"
