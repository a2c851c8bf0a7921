/* quantize_neon.c - floats to 16 bits: NEON.
 * SPDX-License-Identifier: MIT */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"

#define DR_ISA neon
#include "kernels/quantize_template.h"
