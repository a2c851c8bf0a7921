/* pack.c - weights into the order in which the kernels read them.
 * SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

#define GATES 4

void dr_pack_panels(float *packed, const float *source, ptrdiff_t stride_k, ptrdiff_t stride_j,
                    size_t k, size_t n) {
    for (size_t j0 = 0; j0 < n; j0 += DR_PANEL)
        for (size_t i = 0; i < k; i++)
            for (size_t j = j0; j < j0 + DR_PANEL; j++)
                *packed++ =
                    j < n ? source[(ptrdiff_t)i * stride_k + (ptrdiff_t)j * stride_j] : 0.0f;
}

size_t dr_lstm_gate_column(size_t j, size_t hidden) {
    const size_t block = j / (GATES * DR_PANEL), gate = j / DR_PANEL % GATES;
    return gate * hidden + block * DR_PANEL + j % DR_PANEL;
}

void dr_pack_lstm(float *packed, const float *weight_hh, size_t hidden) {
    const size_t width = GATES * DR_PANEL;
    for (size_t block = 0; block < hidden / DR_PANEL; block++)
        for (size_t k = 0; k < hidden; k++)
            for (size_t j = 0; j < width; j++)
                *packed++ = weight_hh[dr_lstm_gate_column(block * width + j, hidden) * hidden + k];
}

/* Vectors of the compiler: every start of the program goes through all weights. */
typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_bits __attribute__((vector_size(16)));

static inline quad load_quad(const float *p) {
    quad v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline quad larger(quad a, quad b) {
    const quad_bits which = a > b;
    return (quad)(((quad_bits)a & which) | ((quad_bits)b & ~which));
}

static inline quad magnitude(quad v) {
    return (quad)((quad_bits)v & 0x7fffffff);
}

/* Sum and maximum of |w|. Two of each: a single sum is one long chain. */
static void measure(float *sum, float *largest, const float *w, size_t n) {
    quad sums[2] = {{0}}, most[2] = {{0}};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const quad low = magnitude(load_quad(w + i)), high = magnitude(load_quad(w + i + 4));
        sums[0] += low;
        sums[1] += high;
        most[0] = larger(low, most[0]);
        most[1] = larger(high, most[1]);
    }
    const quad all = sums[0] + sums[1], top = larger(most[0], most[1]);
    *sum = (all[0] + all[1]) + (all[2] + all[3]);
    *largest = fmaxf(fmaxf(top[0], top[1]), fmaxf(top[2], top[3]));
    for (; i < n; i++) {
        *sum += fabsf(w[i]);
        *largest = fmaxf(*largest, fabsf(w[i]));
    }
}

/* What one unit of 16-bit weights is worth: the finest with which neither they nor a sum over
 * `exact` of them overflow. */
static float weight_unit(const float *row, size_t k, size_t exact, int max_activation) {
    /* Rounding adds at most half a unit to each weight, and float sums are off by less than 1e-4.
     */
    const double room = (2147483647.0 / max_activation - 0.5 * (double)exact) * (1.0 - 1e-4);
    double unit = 0.0;
    for (size_t i = 0; i < k; i += exact) {
        float sum, largest;
        measure(&sum, &largest, row + i, exact);
        unit = sum / room > unit ? sum / room : unit;
        unit = largest / (double)INT16_MAX > unit ? largest / (double)INT16_MAX : unit;
    }
    /* The next float up: its quotients stay inside as well. */
    return unit > 0.0 ? nextafterf((float)unit, INFINITY) : 1.0f;
}

/* v rounded to even, and never beyond what the rounding of 1 / unit might make of the largest
 * weight. A float that is added to 1.5 * 2^23 leaves its whole part in its lowest bits. */
static inline quad_bits rounded(quad v) {
    const quad limit = {INT16_MAX, INT16_MAX, INT16_MAX, INT16_MAX};
    v = -larger(-limit, -larger(v, -limit));
    return (quad_bits)(v + 12582912.0f);
}

/* The 8 weights at w as 4 pairs of int16, in units of 1 / per_unit. */
static inline quad_bits four_pairs(const float *w, float per_unit) {
    const quad_bits low = rounded(load_quad(w) * per_unit);
    const quad_bits high = rounded(load_quad(w + 4) * per_unit);
    const quad_bits first = __builtin_shufflevector(low, high, 0, 2, 4, 6);
    const quad_bits second = __builtin_shufflevector(low, high, 1, 3, 5, 7);
    return (first & 0xffff) | second << 16;
}

/* The same of the last weights of a row, fewer than 8. */
static quad_bits last_pairs(const float *w, float per_unit, size_t num) {
    float all[8] = {0};
    memcpy(all, w, num * sizeof *w);
    return four_pairs(all, per_unit);
}

/* y[p][j] = pair p < num <= 4 of row j < 4; rows of y are ldy apart. */
static inline void store_transposed(int16_t *y, size_t ldy, const quad_bits row[4], size_t num) {
    const quad_bits low_01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
    const quad_bits low_23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
    const quad_bits high_01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
    const quad_bits high_23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
    const quad_bits pair[4] = {__builtin_shufflevector(low_01, low_23, 0, 1, 4, 5),
                               __builtin_shufflevector(low_01, low_23, 2, 3, 6, 7),
                               __builtin_shufflevector(high_01, high_23, 0, 1, 4, 5),
                               __builtin_shufflevector(high_01, high_23, 2, 3, 6, 7)};
    for (size_t p = 0; p < num; p++)
        memcpy(y + p * ldy, pair + p, sizeof *pair);
}

/* row[num_rows][k] -> packed[k/2][num_rows][2], row j in units of 1 / per_unit[j]. num_rows is a
 * multiple of 4; a row that is not there is NULL. Four rows at a time: more would fight for the
 * same lines of the cache where k is a power of 2. */
static void pack_pairs(int16_t *packed, const float *const *row, const float *per_unit,
                       size_t num_rows, size_t k) {
    static const float zeros[8];
    for (size_t j = 0; j < num_rows; j += 4) {
        quad_bits pairs[4];
        size_t i = 0;
        for (; i + 8 <= k; i += 8) {
            for (size_t r = 0; r < 4; r++)
                pairs[r] = four_pairs(row[j + r] ? row[j + r] + i : zeros, per_unit[j + r]);
            store_transposed(packed + i * num_rows + 2 * j, 2 * num_rows, pairs, 4);
        }
        for (size_t r = 0; r < 4 && i < k; r++)
            pairs[r] = last_pairs(row[j + r] ? row[j + r] + i : zeros, per_unit[j + r], k - i);
        if (i < k)
            store_transposed(packed + i * num_rows + 2 * j, 2 * num_rows, pairs, (k - i) / 2);
    }
}

void dr_pack_panels16(int16_t *packed, float *column_scale, const float *source, size_t k,
                      size_t exact, size_t n, int max_activation) {
    for (size_t j0 = 0; j0 < n; j0 += DR_PANEL, packed += k * DR_PANEL) {
        const float *row[DR_PANEL];
        float per_unit[DR_PANEL];
        for (size_t j = 0; j < DR_PANEL; j++) {
            row[j] = j0 + j < n ? source + (j0 + j) * k : NULL;
            column_scale[j0 + j] = row[j] ? weight_unit(row[j], k, exact, max_activation) : 1.0f;
            per_unit[j] = 1.0f / column_scale[j0 + j];
        }
        pack_pairs(packed, row, per_unit, DR_PANEL, k);
    }
}

void dr_pack_lstm16(int16_t *packed, float *scale, const float *weight_hh, size_t hidden) {
    const size_t width = GATES * DR_PANEL;
    for (size_t block = 0; block < GATES * hidden; block += width, packed += hidden * width) {
        const float *row[GATES * DR_PANEL];
        float per_unit[GATES * DR_PANEL];
        for (size_t j = 0; j < width; j++) {
            row[j] = weight_hh + dr_lstm_gate_column(block + j, hidden) * hidden;
            const float unit = weight_unit(row[j], hidden, hidden, DR_LSTM_UNIT);
            per_unit[j] = 1.0f / unit;
            scale[block + j] = unit / DR_LSTM_UNIT;
        }
        pack_pairs(packed, row, per_unit, width, hidden);
    }
}
