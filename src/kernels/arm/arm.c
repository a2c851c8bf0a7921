/* arm.c - puts the bodies for NEON into the table.
 * SPDX-License-Identifier: MIT */
#include "kernels/arm/arm.h"

/* NEON belongs to every AArch64 processor, so the compiler has made NEON code of the portable
 * bodies too: those of the slots that are missing here are loops that nobody does better. Products
 * of 16-bit integers are not preferred: 4 an instruction, as many as of floats. */
void dr_kernels_init_neon(struct dr_kernels *k) {
    k->gemm = dr_gemm_neon;
    k->gemm16 = dr_gemm16_neon;
    k->lstm_step = dr_lstm_step_neon;
    k->lstm_step16 = dr_lstm_step16_neon;
    k->block_spectra = dr_block_spectra_neon;
    k->filter_spectra = dr_filter_spectra_neon;
    k->max_abs = dr_max_abs_neon;
    k->quantize = dr_quantize_neon;
    k->scale_shift_relu16 = dr_scale_shift_relu16_neon;
    k->to_half = dr_to_half_neon;
    k->from_half = dr_from_half_neon;
    k->winograd5_input = dr_winograd5_input_neon;
    k->winograd5_output_pool3 = dr_winograd5_output_pool3_neon;
    k->winograd2_input = dr_winograd2_input_neon;
    k->winograd2_input16 = dr_winograd2_input16_neon;
    k->winograd2_output_relu = dr_winograd2_output_relu_neon;
    k->winograd2_output_relu16 = dr_winograd2_output_relu16_neon;
    k->instruction_set = "neon";
}
