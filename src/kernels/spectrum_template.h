/* spectrum_template.h - power spectrum of 512 real samples.
 * SPDX-License-Identifier: MIT
 * Even samples as real and odd ones as imaginary parts make one complex DFT of 256 = 16 x 16:
 *
 *     z[16 n + m]  -- DFT over n, lanes m -->  [k][m]  -- times exp(-2 pi i k m / 256), transposed
 *     -->  [m][k]  -- DFT over m, lanes k -->  Z[16 l + k]  -- even and odd parts --> |X|^2
 *
 * Each DFT of 16 is 4 x 4. Lanes are neighbours in memory throughout, so that the compiler turns
 * the inner loops into vector code. Compiled once per instruction set by a file that defines
 * DR_ISA. No include guard: one file includes this once. */
#include "kernels/bodies.h"
#include "kernels/spectrum_tables.h"

#ifndef DR_ISA
#error spectrum_template.h is included without DR_ISA
#endif

#define LANES 8 /* done at once; two halves make the 16 */

/* y_c = sum over a of x_a exp(-2 pi i a c / 4), c = 0..3, in every lane.
 * x_a begins a * x_step floats into re and im, y_c c * y_step floats into yr and yi. */
static inline void dft4(float *restrict yr, float *restrict yi, size_t y_step,
                        const float *restrict re, const float *restrict im, size_t x_step) {
    for (size_t j = 0; j < LANES; j++) {
        const float r0 = re[j], r1 = re[x_step + j], r2 = re[2 * x_step + j];
        const float i0 = im[j], i1 = im[x_step + j], i2 = im[2 * x_step + j];
        const float r3 = re[3 * x_step + j], i3 = im[3 * x_step + j];
        yr[j] = (r0 + r2) + (r1 + r3);
        yi[j] = (i0 + i2) + (i1 + i3);
        yr[y_step + j] = (r0 - r2) + (i1 - i3);
        yi[y_step + j] = (i0 - i2) - (r1 - r3);
        yr[2 * y_step + j] = (r0 + r2) - (r1 + r3);
        yi[2 * y_step + j] = (i0 + i2) - (i1 + i3);
        yr[3 * y_step + j] = (r0 - r2) - (i1 - i3);
        yi[3 * y_step + j] = (i0 - i2) + (r1 - r3);
    }
}

/* Times exp(-i angle) in every lane. */
static inline void rotate(float *restrict re, float *restrict im, float cosine, float sine) {
    for (size_t j = 0; j < LANES; j++) {
        const float r = re[j], i = im[j];
        re[j] = r * cosine + i * sine;
        im[j] = i * cosine - r * sine;
    }
}

/* DFT of 16 down each of LANES columns of re and im [16][16], in place:
 * row 4 a + b in, row c + 4 d out; a -> c, turn by b c / 16, b -> d. Not inlined twice: its scratch
 * would be on the stack twice. */
static __attribute__((noinline)) void dft16(float *re, float *im) {
    float tr[16 * LANES], ti[16 * LANES]; /* [c][b][lane] */
    for (size_t b = 0; b < 4; b++)
        dft4(tr + b * LANES, ti + b * LANES, 4 * LANES, re + 16 * b, im + 16 * b, 64);
    for (size_t c = 1; c < 4; c++)
        for (size_t b = 1; b < 4; b++)
            rotate(tr + (4 * c + b) * LANES, ti + (4 * c + b) * LANES,
                   dr_twiddle_cos[16 * 4 * b + 4 * c], dr_twiddle_sin[16 * 4 * b + 4 * c]);
    for (size_t c = 0; c < 4; c++)
        dft4(re + 16 * c, im + 16 * c, 64, tr + 4 * c * LANES, ti + 4 * c * LANES, LANES);
}

static inline void transpose16(float x[256]) {
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 0; j < i; j++) {
            const float swap = x[16 * i + j];
            x[16 * i + j] = x[16 * j + i];
            x[16 * j + i] = swap;
        }
}

static inline void dft256(float re[256], float im[256]) {
    for (size_t half = 0; half < 16; half += LANES)
        dft16(re + half, im + half);
    for (size_t i = 0; i < 256; i++) {
        const float r = re[i], s = im[i];
        re[i] = r * dr_twiddle_cos[i] + s * dr_twiddle_sin[i];
        im[i] = s * dr_twiddle_cos[i] - r * dr_twiddle_sin[i];
    }
    transpose16(re);
    transpose16(im);
    for (size_t half = 0; half < 16; half += LANES)
        dft16(re + half, im + half);
}

/* X[k] = E[k] + exp(-2 pi i k / 512) O[k], where Z = E + i O and both E and O are of real input. */
static inline void split_power(float *restrict power, const float re[256], const float im[256]) {
    power[0] = (re[0] + im[0]) * (re[0] + im[0]);
    for (size_t k = 1; k < 256; k++) {
        const float even_re = re[k] + re[256 - k], even_im = im[k] - im[256 - k];
        const float odd_re = im[k] + im[256 - k], odd_im = re[256 - k] - re[k];
        const float x = even_re + dr_split_cos[k] * odd_re + dr_split_sin[k] * odd_im;
        const float y = even_im + dr_split_cos[k] * odd_im - dr_split_sin[k] * odd_re;
        power[k] = 0.25f * (x * x + y * y);
    }
}

void DR_BODY(power_spectrum, DR_ISA)(float *power, const float *frames, size_t num_frames) {
    for (size_t f = 0; f < num_frames; f++, power += 256, frames += 512) {
        float re[256], im[256];
        for (size_t n = 0; n < 256; n++) {
            re[n] = frames[2 * n];
            im[n] = frames[2 * n + 1];
        }
        dft256(re, im);
        split_power(power, re, im);
    }
}
