/* lstm_neon.c - one time step of an LSTM direction for a batch: NEON.
 * SPDX-License-Identifier: MIT
 * 6 sequences x 4 gates of 4 units: 24 sums, 6 inputs and 1 weight in 32 registers. */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"

#define DR_ISA neon
#define MAX_ROWS 6

#include "kernels/lstm_template.h"
