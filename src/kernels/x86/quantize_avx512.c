/* quantize_avx512.c - floats to 16 bits: AVX-512.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx512.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx512
#include "kernels/quantize_template.h"
