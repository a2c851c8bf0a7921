/* elementwise.c - per-column operations: the portable bodies.
 * SPDX-License-Identifier: MIT */
#define DR_ISA c
#include "kernels/elementwise_template.h"
