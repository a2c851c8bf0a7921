/* winograd_avx512.c - Winograd's F(3, 5) and F(5x5, 3x3): AVX-512.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx512.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx512
#include "kernels/winograd_template.h"
