/* filter_bank_template.h - filters over frames of samples by way of spectra, for any vector width.
 * SPDX-License-Identifier: MIT
 *
 * A block of 1280 samples x has its spectrum X; a filter's outputs at all 1280 places are the
 * inverse of X times the filter's spectrum. Only every tenth place is a frame: so bins that are 128
 * apart are added up before an inverse of 128 points is made. A symmetric and an antisymmetric
 * filter go together, as real and imaginary part: the sum of their spectra is real.
 *
 *     forward   lanes are blocks: samples -> 10 phases, two in each of 5 DFTs of 128 -> X
 *     back      lanes are pairs of filters: X times their spectra, added up -> 128 points -> frames
 *
 * Forward in double: rounding spreads over all bins, and where a recording has no high notes their
 * filters would find little else. Back each filter has its own.
 *
 * Included once by each instruction set's file, which defines DR_ISA and
 *   vec, LANES, vec_fma       floats, their number (4 or 8), a * b + c
 *   wide_vec, WIDE_LANES, wide_fma   the same of doubles (2 or 4)
 * vectors being such that the compiler knows their +, - and *. No include guard: one file includes
 * this once. */
#include <string.h>

#include "kernels/bodies.h"
#include "kernels/unroll.h"

#define NUMBER double
#define ROTATION struct dr_wide_rotation
#define VEC wide_vec
#define VEC_LANES WIDE_LANES
#define VEC_FMA wide_fma
#define NAMED(name) wide_##name
#include "kernels/inverse128_template.h"
#undef NUMBER
#undef ROTATION
#undef VEC
#undef VEC_LANES
#undef VEC_FMA
#undef NAMED

#define NUMBER float
#define ROTATION struct dr_rotation
#define VEC vec
#define VEC_LANES LANES
#define VEC_FMA vec_fma
#define NAMED(name) narrow_##name
#include "kernels/inverse128_template.h"

enum {
    SAMPLES = DR_BANK_SAMPLES,
    STRIDE = DR_BANK_STRIDE,
    POINTS = DR_BANK_POINTS,
    BLOCKS = DR_BANK_BLOCKS,
    HALF_POINTS = POINTS / 2,
    CENTRE = DR_BANK_LENGTH / 2,
    PAIRS = STRIDE / 2
};

/* ---- forward ---- */

struct forward {
    double points[POINTS * wide_POINT];
    double phases[PAIRS][POINTS * wide_POINT];
    float staged[WIDE_LANES][SAMPLES];
};
_Static_assert(sizeof(struct forward) <= DR_BANK_SCRATCH * sizeof(float), "room");

/* A block whose middle of the first frame lies at place 0. */
static void stage(float *staged, const struct dr_blocks *from, size_t block) {
    const size_t begin = block * from->step;
    size_t n = block < from->num && begin < from->n ? from->n - begin : 0;
    n = n < from->width ? n : from->width;
    memset(staged, 0, SAMPLES * sizeof *staged);
    if (n > CENTRE)
        memcpy(staged, from->x + begin + CENTRE, (n - CENTRE) * sizeof *staged);
    if (n > 0)
        memcpy(staged + SAMPLES - CENTRE, from->x + begin,
               (n < CENTRE ? n : CENTRE) * sizeof *staged);
}

/* Phases c and c + 5 as one DFT. It is an inverse whose real and imaginary parts, in and out, have
 * changed places. */
static void transform_phases(struct forward *s, size_t c, const struct dr_bank_tables *tables) {
    for (size_t a = 0; a < POINTS; a++)
        for (size_t l = 0; l < WIDE_LANES; l++) {
            const float *x = s->staged[l] + a * STRIDE + c;
            s->points[a * wide_POINT + l] = x[PAIRS];
            s->points[a * wide_POINT + WIDE_LANES + l] = x[0];
        }
    const struct wide_rows to = {s->phases[c] + WIDE_LANES, s->phases[c], wide_POINT, POINTS};
    wide_inverse128(&to, s->points, tables->wide_of_128, tables->wide_of_32);
}

/* x times the conjugate of a table's number */
INLINE struct wide_point turn_back(struct wide_point x, const struct dr_wide_rotation *by) {
    const struct dr_wide_rotation back = {by->cosine, -by->sine};
    return wide_turn(x, &back);
}

INLINE void store_floats(float *y, wide_vec x) {
    for (size_t l = 0; l < WIDE_LANES; l++)
        y[l] = (float)x[l];
}

/* Twice the bins q + 128 r of all phases together. With w = exp(-2 pi i / 1280) bin k of phase b is
 * added times w^(b k); between phases b and b + 5 that is w^(5 q) and a sign. */
INLINE void join_phases(float *bins, const struct forward *s, size_t q,
                        const struct dr_bank_tables *tables) {
    struct wide_point of[2][PAIRS]; /* for even r and odd ones */
    for (size_t c = 0; c < PAIRS; c++) {
        const double *phases = s->phases[c];
        const struct wide_point z = wide_load(phases + q * wide_POINT);
        const struct wide_point mirrored = wide_load(phases + (POINTS - q) % POINTS * wide_POINT);
        const struct wide_point low = {z.re + mirrored.re, z.im - mirrored.im};
        const struct wide_point high = {z.im + mirrored.im, mirrored.re - z.re};
        const struct wide_point turned = turn_back(high, &tables->circle[PAIRS * q]);
        of[0][c] = wide_add(low, turned);
        of[1][c] = wide_subtract(low, turned);
    }
    for (size_t r = 0; r < STRIDE; r++, bins += 2 * BLOCKS) {
        const struct wide_point *x = of[r % 2];
        const size_t k = q + POINTS * r;
        struct wide_point sum = x[0];
        UNROLL
        for (size_t c = 1; c < PAIRS; c++)
            sum = wide_add(sum, turn_back(x[c], &tables->circle[c * k % SAMPLES]));
        store_floats(bins, sum.re);
        store_floats(bins + BLOCKS, sum.im);
    }
}

void DR_BODY(block_spectra, DR_ISA)(float *spectra, const struct dr_blocks *from,
                                    const struct dr_bank_tables *tables, float *scratch) {
    struct forward *s = (struct forward *)(void *)scratch;
    for (size_t block = 0; block < BLOCKS; block += WIDE_LANES) {
        for (size_t l = 0; l < WIDE_LANES; l++)
            stage(s->staged[l], from, block + l);
        for (size_t c = 0; c < PAIRS; c++)
            transform_phases(s, c, tables);
        for (size_t q = 0; q <= HALF_POINTS; q++)
            join_phases(spectra + q * STRIDE * 2 * BLOCKS + block, s, q, tables);
    }
}

/* ---- back ---- */

enum { TOGETHER = DR_BANK_TOGETHER };

struct back {
    float points[TOGETHER][POINTS * narrow_POINT];
};
_Static_assert(sizeof(struct back) <= DR_BANK_SCRATCH * sizeof(float), "room");

/* Points q and -q: x times the filters, added up over the bins. Bin -k of x is the conjugate of bin
 * k. */
INLINE void multiply(struct back *s, const float *x, const float *filters, size_t q) {
    const vec zero = {0};
    struct narrow_point sum[TOGETHER], mirrored[TOGETHER];
    UNROLL
    for (size_t b = 0; b < TOGETHER; b++)
        sum[b] = mirrored[b] = (struct narrow_point){zero, zero};
    for (size_t r = 0; r < STRIDE; r++, x += 2 * BLOCKS, filters += 2 * BLOCKS) {
        const vec here = narrow_load_lanes(filters), there = narrow_load_lanes(filters + BLOCKS);
        UNROLL
        for (size_t b = 0; b < TOGETHER; b++) {
            const vec re = zero + x[b], im = zero + x[BLOCKS + b];
            sum[b].re = vec_fma(re, here, sum[b].re);
            sum[b].im = vec_fma(im, here, sum[b].im);
            mirrored[b].re = vec_fma(re, there, mirrored[b].re);
            mirrored[b].im = vec_fma(im, there, mirrored[b].im);
        }
    }
    UNROLL
    for (size_t b = 0; b < TOGETHER; b++) {
        mirrored[b].im = -mirrored[b].im;
        narrow_store(s->points[b] + (POINTS - q) % POINTS * narrow_POINT, mirrored[b]);
        narrow_store(s->points[b] + q * narrow_POINT, sum[b]);
    }
}

void DR_BODY(filter_spectra, DR_ISA)(float *y, const struct dr_filter_bank *bank,
                                     const float *spectra, size_t frames, float *scratch) {
    struct back *s = (struct back *)(void *)scratch;
    const size_t ld = 2 * bank->n;
    for (size_t j = 0; j < bank->n; j += LANES) {
        const float *filters = bank->spectra + j / BLOCKS * DR_BANK_SPECTRA + j % BLOCKS;
        for (size_t q = 0; q <= HALF_POINTS; q++)
            multiply(s, spectra + q * STRIDE * 2 * BLOCKS, filters + q * STRIDE * 2 * BLOCKS, q);
        for (size_t b = 0; b < TOGETHER; b++) {
            float *column = y + b * frames * ld + j;
            const struct narrow_rows to = {column, column + bank->n, ld, frames};
            narrow_inverse128(&to, s->points[b], bank->tables->of_128, bank->tables->of_32);
        }
    }
}
