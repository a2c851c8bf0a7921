/* unroll.h - see kernels/unroll.h.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_X86_UNROLL_H
#define DR_KERNELS_X86_UNROLL_H

#include "kernels/unroll.h"

#endif
