/* quantize_avx2.c - floats to 16 bits: AVX2 with FMA.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx2
#include "kernels/quantize_template.h"
