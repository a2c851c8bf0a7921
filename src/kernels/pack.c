/* pack.c - weights into the order in which the kernels read them.
 * SPDX-License-Identifier: MIT */
#include "kernels/kernels.h"

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
