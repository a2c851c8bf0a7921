/* elementwise_avx512.c - per-column operations: AVX-512.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/x86.h"

#if !defined(__AVX512F__) || !defined(__FMA__)
#error elementwise_avx512.c is being compiled without AVX-512
#endif

#define DR_ISA avx512
#include "kernels/elementwise_template.h"
