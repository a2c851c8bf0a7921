/* kernels.c - fills the kernel table.
 * SPDX-License-Identifier: MIT
 * Portable C first, then what the processor has, weakest first: a set without a body for some slot
 * leaves the one below in place. */
#include "kernels/kernels.h"

#include "diarist/diarist.h"
#include "kernels/bodies.h"
#if defined(__x86_64__)
#include "kernels/x86/x86.h"
#elif defined(__aarch64__)
#include "kernels/arm/arm.h"
#endif

void dr_kernels_init(struct dr_kernels *k, int flags) {
#define DR_INSTALL(slot, args) k->slot = dr_##slot##_c;
    DR_KERNELS(DR_INSTALL)
#undef DR_INSTALL
    k->instruction_set = "generic";
    k->prefers_int16 = 0;
#if defined(__x86_64__)
    if (!(flags & DIARIST_CPU_AVX2))
        return;
    dr_kernels_init_avx2(k);
    if (!(flags & DIARIST_CPU_AVX512))
        return;
    dr_kernels_init_avx512(k);
#elif defined(__aarch64__)
    if (!(flags & DIARIST_CPU_NEON))
        return;
    dr_kernels_init_neon(k);
#else
    (void)flags;
#endif
}
