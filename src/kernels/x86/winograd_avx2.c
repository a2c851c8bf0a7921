/* winograd_avx2.c - Winograd's F(3, 5) and F(5x5, 3x3): AVX2 with FMA.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx2
#include "kernels/winograd_template.h"
