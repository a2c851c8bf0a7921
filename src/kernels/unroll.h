/* unroll.h - loops that must be gone: arrays that they index live in registers only then; loops
 * that must stay, and such of which every other test may go. SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_UNROLL_H
#define DR_KERNELS_UNROLL_H

#define INLINE static inline __attribute__((always_inline))

/* Before a loop of at most 32 rounds whose count is known when it is compiled. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")
#define IN_PAIRS _Pragma("clang loop unroll_count(2)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#define ROLLED _Pragma("GCC unroll 1")
#define IN_PAIRS _Pragma("GCC unroll 2")
#endif

#endif
