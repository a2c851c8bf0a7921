/* gemm_avx512.c - matrix product with taps, bias, residual and activation: AVX-512.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx512.h"
#include "kernels/x86/x86.h"

#if !defined(__AVX512F__) || !defined(__AVX512VNNI__)
#error gemm_avx512.c is being compiled without AVX-512
#endif

#define DR_ISA avx512
#include "kernels/gemm_template.h"
