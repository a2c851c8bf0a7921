/* x86.h - the bodies for AVX2 with FMA and for AVX-512, and what puts them into the table.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_X86_X86_H
#define DR_KERNELS_X86_X86_H

#include "kernels/bodies.h"

#define DR_DECLARE(slot, args) void dr_##slot##_avx2 args;
DR_KERNELS(DR_DECLARE)
#undef DR_DECLARE
#define DR_DECLARE(slot, args) void dr_##slot##_avx512 args;
DR_KERNELS(DR_DECLARE)
#undef DR_DECLARE

/* Overwrite the slots for which the instruction set has a body. */
void dr_kernels_init_avx2(struct dr_kernels *k);
void dr_kernels_init_avx512(struct dr_kernels *k);

#endif
