/* arm.c - puts the bodies for NEON into the table.
 * SPDX-License-Identifier: MIT */
#include "kernels/arm/arm.h"

/* NEON belongs to every AArch64 processor, so the compiler has made NEON code of the portable
 * bodies too: those of the slots that are missing here are loops that nobody does better. */
void dr_kernels_init_neon(struct dr_kernels *k) {
    k->gemm = dr_gemm_neon;
    k->lstm_step = dr_lstm_step_neon;
    k->instruction_set = "neon";
}
