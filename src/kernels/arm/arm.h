/* arm.h - the bodies for NEON, and what puts them into the table.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_ARM_ARM_H
#define DR_KERNELS_ARM_ARM_H

#include "kernels/bodies.h"

#define DR_DECLARE(slot, args) void dr_##slot##_neon args;
DR_KERNELS(DR_DECLARE)
#undef DR_DECLARE

/* Overwrites the slots that have a body. */
void dr_kernels_init_neon(struct dr_kernels *k);

#endif
