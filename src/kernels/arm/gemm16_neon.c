/* gemm16_neon.c - matrix product of 16-bit integers with taps and scales: NEON.
 * SPDX-License-Identifier: MIT
 * 3 rows x 16 columns are 12 sums in 24 of the 32 registers: the two products of a pair are added
 * at the end. */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"

#define DR_ISA neon
#define MAX_SUMS 12
#define TILES(X) X(3, 4) X(2, 4) X(1, 4)
#include "kernels/gemm16_template.h"
