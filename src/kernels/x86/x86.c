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

/* prefers_int16 stays. 512 bits bring nothing to the slots that are missing here. */
void dr_kernels_init_avx512(struct dr_kernels *k) {
    k->gemm = dr_gemm_avx512;
    k->gemm16 = dr_gemm16_avx512;
    k->lstm_step = dr_lstm_step_avx512;
    k->lstm_step16 = dr_lstm_step16_avx512;
    k->max_abs = dr_max_abs_avx512;
    k->quantize = dr_quantize_avx512;
    k->scale_shift_relu16 = dr_scale_shift_relu16_avx512;
    k->to_half = dr_to_half_avx512;
    k->from_half = dr_from_half_avx512;
    k->winograd5_input = dr_winograd5_input_avx512;
    k->winograd5_output_pool3 = dr_winograd5_output_pool3_avx512;
    k->winograd2_input = dr_winograd2_input_avx512;
    k->winograd2_input16 = dr_winograd2_input16_avx512;
    k->winograd2_output_relu = dr_winograd2_output_relu_avx512;
    k->winograd2_output_relu16 = dr_winograd2_output_relu16_avx512;
    k->add_rows = dr_add_rows_avx512;
    k->scale_columns = dr_scale_columns_avx512;
    k->pool_sums = dr_pool_sums_avx512;
    k->instruction_set = "avx512";
}
