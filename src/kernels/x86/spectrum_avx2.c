/* spectrum_avx2.c - power spectrum of real frames: AVX2 with FMA.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/x86.h"

#if !defined(__AVX2__) || !defined(__FMA__)
#error spectrum_avx2.c is being compiled without AVX2 with FMA
#endif

#define DR_ISA avx2
#include "kernels/spectrum_template.h"
