/* filter_bank_neon.c - filters over frames of samples by way of spectra: NEON.
 * SPDX-License-Identifier: MIT */
#include "kernels/arm/arm.h"
#include "kernels/arm/vector_neon.h"

#define DR_ISA neon
#include "kernels/filter_bank_template.h"
