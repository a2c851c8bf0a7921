/* gemm_neon.c - matrix product with taps, bias, residual and activation: NEON.
 * SPDX-License-Identifier: MIT
 * 6 rows x 16 columns are 24 sums in 32 registers, which hides the latency of four units and leaves
 * 6 for inputs and 2 for weights. */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"

#define DR_ISA neon
#define MAX_SUMS 24
#define TILES(X) X(6, 4) X(5, 4) X(4, 4) X(3, 4) X(2, 4) X(1, 4)
#include "kernels/gemm_template.h"
