/* bfloat.h - a bfloat16 from a float and back: the upper half, rounded away from 0 in the middle.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_BFLOAT_H
#define DR_KERNELS_BFLOAT_H

#include <string.h>

#include "kernels/kernels.h"

static inline dr_bfloat dr_bfloat_of(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (dr_bfloat)((bits + 0x8000u) >> 16);
}

static inline float dr_float_of(dr_bfloat v) {
    const uint32_t bits = (uint32_t)v << 16;
    float wide;
    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

#endif
