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

/* What one unit of 16-bit weights is worth: the finest with which neither they nor a sum over
 * `exact` of them overflow. */
static float weight_unit(const float *source, ptrdiff_t stride_k, size_t k, size_t exact,
                         int max_activation) {
    /* Rounding adds at most half a unit to each weight. */
    const double room = 2147483647.0 / max_activation - 0.5 * (double)exact;
    double unit = 0.0, sum = 0.0;
    for (size_t i = 0; i < k; i++) {
        const double w = fabs((double)source[(ptrdiff_t)i * stride_k]);
        sum = i % exact ? sum + w : w;
        unit = fmax(unit, fmax(w / INT16_MAX, sum / room));
    }
    /* The next float up: its quotients stay inside as well. */
    return unit > 0.0 ? nextafterf((float)unit, INFINITY) : 1.0f;
}

void dr_pack_panels16(int16_t *packed, float *column_scale, const float *source, ptrdiff_t stride_k,
                      ptrdiff_t stride_j, size_t k, size_t exact, size_t n, int max_activation) {
    for (size_t j = 0; j < DR_PADDED(n); j++)
        column_scale[j] = j < n ? weight_unit(source + (ptrdiff_t)j * stride_j, stride_k, k, exact,
                                              max_activation)
                                : 1.0f;
    for (size_t j0 = 0; j0 < n; j0 += DR_PANEL)
        for (size_t i = 0; i < k; i += 2)
            for (size_t j = j0; j < j0 + DR_PANEL; j++) {
                const float *pair =
                    source + (ptrdiff_t)i * stride_k + (ptrdiff_t)(j < n ? j : 0) * stride_j;
                *packed++ = j < n ? (int16_t)lrintf(pair[0] / column_scale[j]) : 0;
                *packed++ = j < n ? (int16_t)lrintf(pair[stride_k] / column_scale[j]) : 0;
            }
}

void dr_pack_lstm16(int16_t *packed, float *scale, const float *weight_hh, size_t hidden) {
    const size_t width = GATES * DR_PANEL;
    for (size_t j = 0; j < GATES * hidden; j++)
        scale[j] = weight_unit(weight_hh + dr_lstm_gate_column(j, hidden) * hidden, 1, hidden,
                               hidden, DR_LSTM_UNIT);
    for (size_t block = 0; block < GATES * hidden; block += width)
        for (size_t k = 0; k < hidden; k += 2)
            for (size_t j = block; j < block + width; j++) {
                const float *pair = weight_hh + dr_lstm_gate_column(j, hidden) * hidden + k;
                *packed++ = (int16_t)lrintf(pair[0] / scale[j]);
                *packed++ = (int16_t)lrintf(pair[1] / scale[j]);
            }
    for (size_t j = 0; j < GATES * hidden; j++)
        scale[j] /= DR_LSTM_UNIT;
}
