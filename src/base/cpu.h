/* cpu.h - which instruction sets this processor has.
 * SPDX-License-Identifier: MIT */
#ifndef DR_BASE_CPU_H
#define DR_BASE_CPU_H

/* DIARIST_CPU_* or-ed: what the processor and the operating system offer, cut by mask.
 * AVX2 implies FMA and F16C here; AVX512 means F, BW, DQ and VL, and implies AVX2. */
int dr_cpu_flags(int mask);

#endif
