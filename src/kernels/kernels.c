/* kernels.c - fills the kernel table.
 * SPDX-License-Identifier: MIT
 * Portable C first, then what the processor has, weakest first: a set without a body for some slot
 * leaves the one below in place. */
#include "kernels/kernels.h"

#include "kernels/bodies.h"

void dr_kernels_init(struct dr_kernels *k, int flags) {
    (void)flags;
#define DR_INSTALL(slot, args) k->slot = dr_##slot##_c;
    DR_KERNELS(DR_INSTALL)
#undef DR_INSTALL
    k->instruction_set = "generic";
}
