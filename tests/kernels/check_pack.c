/* check_pack.c - packed weights against the layouts that kernels.h states.
 * SPDX-License-Identifier: MIT */
#include "checkkern.h"

#define GATES 4

static void check_panels(size_t k, size_t n, ptrdiff_t stride_k, ptrdiff_t stride_j) {
    const size_t size = (k - 1) * (size_t)stride_k + (n - 1) * (size_t)stride_j + 1;
    const float *source = random_floats(size, UNIFORM, AT_END);
    float *packed = random_floats(k * DR_PADDED(n), UNIFORM, AT_END);
    dr_pack_panels(packed, source, stride_k, stride_j, k, n);

    bool same = true;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < DR_PADDED(n); j++) {
            const float expected =
                j < n ? source[i * (size_t)stride_k + j * (size_t)stride_j] : 0.0f;
            same &= packed[(j / 16 * k + i) * 16 + j % 16] == expected;
        }
    expect(same, "panels of k %zu n %zu strides %td %td", k, n, stride_k, stride_j);
}

static void check_lstm_order(size_t hidden) {
    const float *weight = random_floats(GATES * hidden * hidden, UNIFORM, AT_END);
    float *packed = guarded_floats(GATES * hidden * hidden, AT_END);
    dr_pack_lstm(packed, weight, hidden);

    bool same = true, columns = true;
    for (size_t gate = 0; gate < GATES; gate++)
        for (size_t unit = 0; unit < hidden; unit++) {
            const size_t row = gate * hidden + unit, block = unit / 16, lane = unit % 16;
            for (size_t k = 0; k < hidden; k++)
                same &= packed[((block * hidden + k) * GATES + gate) * 16 + lane] ==
                        weight[row * hidden + k];
            columns &= dr_lstm_gate_column((block * GATES + gate) * 16 + lane, hidden) == row;
        }
    expect(same, "recurrent weights of %zu units", hidden);
    expect(columns, "gate columns of %zu units", hidden);
}

void check_packing(const struct check *t) {
    static const size_t ks[] = {1, 5, 96}, ns[] = {1, 15, 16, 17, 60, 128};
    (void)t;
    for (size_t i = 0; i < COUNT(ks); i++)
        for (size_t j = 0; j < COUNT(ns); j++) {
            check_panels(ks[i], ns[j], (ptrdiff_t)ns[j], 1);
            check_panels(ks[i], ns[j], 1, (ptrdiff_t)ks[i]);
            check_panels(ks[i], ns[j], 2, (ptrdiff_t)(2 * ks[i] + 3));
            release_all();
        }
    check_lstm_order(16);
    check_lstm_order(64);
    check_lstm_order(128);
}
