/* pack.c - weights into the order in which the kernels read them.
 * SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

#include <math.h>

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

/* Sum and maximum of |w|, in lanes: a single sum is one long chain. */
static void measure(float *sum, float *largest, const float *w, size_t n) {
    enum { LANES = 8 };
    float lane_sum[LANES] = {0}, lane_largest[LANES] = {0};
    for (size_t i = 0; i < n; i += LANES)
        for (size_t l = 0; l < LANES && i + l < n; l++) {
            const float magnitude = fabsf(w[i + l]);
            lane_sum[l] += magnitude;
            lane_largest[l] = magnitude > lane_largest[l] ? magnitude : lane_largest[l];
        }
    *sum = *largest = 0.0f;
    for (size_t l = 0; l < LANES; l++) {
        *sum += lane_sum[l];
        *largest = lane_largest[l] > *largest ? lane_largest[l] : *largest;
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

/* Rounded, and never beyond what the inverse's own rounding might make of the largest weight. */
static int16_t in_units(float w, float per_unit) {
    const float v = w * per_unit;
    return (int16_t)lrintf(v > INT16_MAX ? INT16_MAX : v < -INT16_MAX ? -INT16_MAX : v);
}

void dr_pack_panels16(int16_t *packed, float *column_scale, const float *source, size_t k,
                      size_t exact, size_t n, int max_activation) {
    for (size_t j0 = 0; j0 < n; j0 += DR_PANEL) {
        const float *row[DR_PANEL];
        float per_unit[DR_PANEL];
        for (size_t j = 0; j < DR_PANEL; j++) {
            const int there = j0 + j < n;
            row[j] = source + (there ? j0 + j : 0) * k;
            column_scale[j0 + j] = there ? weight_unit(row[j], k, exact, max_activation) : 1.0f;
            per_unit[j] = there ? 1.0f / column_scale[j0 + j] : 0.0f;
        }
        for (size_t i = 0; i < k; i += 2)
            for (size_t j = 0; j < DR_PANEL; j++) {
                *packed++ = in_units(row[j][i], per_unit[j]);
                *packed++ = in_units(row[j][i + 1], per_unit[j]);
            }
    }
}

void dr_pack_lstm16(int16_t *packed, float *scale, const float *weight_hh, size_t hidden) {
    const size_t width = GATES * DR_PANEL;
    for (size_t j = 0; j < GATES * hidden; j++)
        scale[j] = weight_unit(weight_hh + dr_lstm_gate_column(j, hidden) * hidden, hidden, hidden,
                               DR_LSTM_UNIT);
    for (size_t block = 0; block < GATES * hidden; block += width)
        for (size_t k = 0; k < hidden; k += 2)
            for (size_t j = block; j < block + width; j++) {
                const float *pair = weight_hh + dr_lstm_gate_column(j, hidden) * hidden + k;
                *packed++ = in_units(pair[0], 1.0f / scale[j]);
                *packed++ = in_units(pair[1], 1.0f / scale[j]);
            }
    for (size_t j = 0; j < GATES * hidden; j++)
        scale[j] /= DR_LSTM_UNIT;
}
