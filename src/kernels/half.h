/* half.h - a half float (IEEE 754 binary16) from a float and back, rounded to even.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_HALF_H
#define DR_KERNELS_HALF_H

#include <string.h>

#include "kernels/kernels.h"

#define DR_HALF_MAX 65504.0f

/* |v| <= DR_HALF_MAX */
static inline dr_half dr_half_of(float v) {
    const float magic = 0.5f; /* a unit of which is a unit of the smallest halves */
    const float shifted = (v < 0.0f ? -v : v) + magic;
    uint32_t bits, sum, base;
    memcpy(&bits, &v, sizeof bits);
    memcpy(&sum, &shifted, sizeof sum);
    memcpy(&base, &magic, sizeof base);
    const uint32_t sign = bits >> 16 & 0x8000u, whole = bits & 0x7fffffffu;
    const uint32_t rounded = whole + 0xfffu + (whole >> 13 & 1u);
    const uint32_t normal = (rounded - (112u << 23)) >> 13, subnormal = sum - base;
    return (dr_half)(sign | (whole < 0x38800000u ? subnormal : normal));
}

/* Neither infinite nor NaN. */
static inline float dr_float_of(dr_half v) {
    const uint32_t sign = (uint32_t)(v & 0x8000u) << 16, whole = v & 0x7fffu;
    const uint32_t bits = sign | ((whole << 13) + (112u << 23));
    float wide;
    memcpy(&wide, &bits, sizeof wide);
    const float small = (float)whole * 0x1p-24f;
    return whole < 0x400u ? (sign ? -small : small) : wide;
}

#endif
