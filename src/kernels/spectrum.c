/* spectrum.c - power spectrum of real frames: the portable body.
 * SPDX-License-Identifier: MIT */
#define DR_ISA c
#include "kernels/spectrum_template.h"
