/* filter_bank_avx2.c - filters over frames of samples by way of spectra: AVX2 with FMA.
 * SPDX-License-Identifier: MIT */
#include "kernels/x86/vector_avx2.h"
#include "kernels/x86/x86.h"

#define DR_ISA avx2
#include "kernels/filter_bank_template.h"
