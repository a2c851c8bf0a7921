/* filter_bank.c - filters over frames of samples by way of spectra: the portable bodies, tables and
 * the spectra of filters.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

typedef float vec __attribute__((vector_size(16)));
typedef double wide_vec __attribute__((vector_size(16)));
#define LANES 4
#define WIDE_LANES 2
#define vec_fma(a, b, c) ((a) * (b) + (c))
#define wide_fma vec_fma

#define DR_ISA c
#include "kernels/filter_bank_template.h"

static struct dr_wide_rotation rotation(size_t i, size_t of) {
    const double angle = 2.0 * acos(-1.0) * (double)i / (double)of;
    return (struct dr_wide_rotation){cos(angle), sin(angle)};
}

/* by[i][m] = (m + 1) i / of, and the same in float */
static void fill(struct dr_wide_rotation (*wide_by)[3], struct dr_rotation (*by)[3], size_t num,
                 size_t of) {
    for (size_t i = 0; i < num; i++)
        for (size_t m = 0; m < 3; m++) {
            wide_by[i][m] = rotation((m + 1) * i, of);
            by[i][m] = (struct dr_rotation){(float)wide_by[i][m].cosine, (float)wide_by[i][m].sine};
        }
}

void dr_make_bank_tables(struct dr_bank_tables *tables) {
    for (size_t i = 0; i < SAMPLES; i++)
        tables->circle[i] = rotation(i, SAMPLES);
    fill(tables->wide_of_128, tables->of_128, 32, 128);
    fill(tables->wide_of_32, tables->of_32, 8, 32);
}

/* The spectrum of a filter around its middle is real where it is symmetric, imaginary where it is
 * antisymmetric. Both it and that of samples come twice as large; the inverse has no factor. */
void dr_pack_filters(float *packed, const struct dr_kernels *k, const struct dr_bank_tables *tables,
                     const float *even, const float *odd, size_t n, float *scratch) {
    enum { LENGTH = DR_BANK_LENGTH };
    const float factor = 1.0f / (4.0f * SAMPLES);
    float *of_odd = scratch + DR_BANK_SCRATCH;
    for (size_t j = 0; j < n; j += BLOCKS, packed += DR_BANK_SPECTRA) {
        const size_t num = n - j < BLOCKS ? n - j : BLOCKS;
        struct dr_blocks blocks = {even + j * LENGTH, LENGTH, LENGTH, num * LENGTH, num};
        k->block_spectra(packed, &blocks, tables, scratch);
        blocks.x = odd + j * LENGTH;
        k->block_spectra(of_odd, &blocks, tables, scratch);
        for (size_t i = 0; i < DR_BANK_SPECTRA; i += 2 * BLOCKS)
            for (size_t l = i; l < i + BLOCKS; l++) {
                const float real = packed[l], imaginary = of_odd[l + BLOCKS];
                packed[l] = (real + imaginary) * factor;
                packed[l + BLOCKS] = (real - imaginary) * factor;
            }
    }
}
