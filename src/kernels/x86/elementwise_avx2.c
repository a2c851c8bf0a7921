/* elementwise_avx2.c - per-column operations: AVX2 with FMA.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/x86.h"

#if !defined(__AVX2__) || !defined(__FMA__)
#error elementwise_avx2.c is being compiled without AVX2 with FMA
#endif

#define DR_ISA avx2
#include "kernels/elementwise_template.h"
