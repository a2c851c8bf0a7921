/* lstm16_neon.c - one time step of an LSTM direction with its state in 16 bits: NEON.
 * SPDX-License-Identifier: MIT
 * 3 sequences x 4 gates of 4 units: 12 sums in 24 of the 32 registers. */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"

#define DR_ISA neon
#define MAX_ROWS 3

#include "kernels/lstm16_template.h"
