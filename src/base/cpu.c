/* cpu.c - which instruction sets this processor has.
 * SPDX-License-Identifier: MIT */
#include "base/cpu.h"

#include "diarist/diarist.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* Half floats; not every compiler's builtin knows them. */
static int has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

int dr_cpu_flags(int mask) {
    int flags = DIARIST_CPU_GENERIC;
#if defined(__x86_64__)
    /* The builtins ask the processor and, through XGETBV, the operating system. */
    __builtin_cpu_init();
    if ((mask & DIARIST_CPU_AVX2) && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("fma") && has_f16c())
        flags |= DIARIST_CPU_AVX2;
    if ((flags & DIARIST_CPU_AVX2) && (mask & DIARIST_CPU_AVX512) &&
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512vnni"))
        flags |= DIARIST_CPU_AVX512;
#elif defined(__aarch64__)
    /* Part of every processor of this architecture. */
    flags |= mask & DIARIST_CPU_NEON;
#else
    (void)mask;
#endif
    return flags;
}
