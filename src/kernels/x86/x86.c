/* x86.c - puts the bodies for AVX2 and AVX-512 into the table.
 * SPDX-License-Identifier: MIT
 * Compiled without their flags: it runs before anyone may use them. */
#include "kernels/x86/x86.h"

void dr_kernels_init_avx2(struct dr_kernels *k) {
#define DR_INSTALL(slot, args) k->slot = dr_##slot##_avx2;
    DR_KERNELS(DR_INSTALL)
#undef DR_INSTALL
    k->instruction_set = "avx2";
    k->prefers_int16 = 1;
}

/* 512 bits bring nothing to the slots that are missing here. */
void dr_kernels_init_avx512(struct dr_kernels *k) {
    k->gemm = dr_gemm_avx512;
    k->lstm_step = dr_lstm_step_avx512;
    k->add_rows = dr_add_rows_avx512;
    k->scale_columns = dr_scale_columns_avx512;
    k->pool_sums = dr_pool_sums_avx512;
    k->instruction_set = "avx512";
}
