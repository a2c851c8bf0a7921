/* spectrum_tables.h - sines and cosines for power_spectrum.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_SPECTRUM_TABLES_H
#define DR_KERNELS_SPECTRUM_TABLES_H

/* [16 k][16 n]: of 2 pi k n / 256 */
extern const float dr_twiddle_cos[256], dr_twiddle_sin[256];
/* of 2 pi k / 512 */
extern const float dr_split_cos[256], dr_split_sin[256];

#endif
