/* unroll.h - loops that must be gone: arrays that they index live in registers only then; and loops
 * that must stay. SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_UNROLL_H
#define DR_KERNELS_UNROLL_H

#define INLINE static inline __attribute__((always_inline))

/* Before a loop of at most 32 rounds whose count is known when it is compiled. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#define ROLLED _Pragma("GCC unroll 1")
#endif

#endif
