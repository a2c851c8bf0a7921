/* winograd_neon.c - Winograd's F(3, 5) and F(5x5, 3x3): NEON.
 * SPDX-License-Identifier: MIT */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"

#define DR_ISA neon
#include "kernels/winograd_template.h"
