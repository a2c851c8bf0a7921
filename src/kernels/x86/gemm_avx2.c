/* gemm_avx2.c - matrix product with taps, bias, residual and activation: AVX2 with FMA.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/x86.h"

#if !defined(__AVX2__) || !defined(__FMA__)
#error gemm_avx2.c is being compiled without AVX2 and FMA
#endif

#define DR_ISA avx2
#include "kernels/gemm_template.h"
