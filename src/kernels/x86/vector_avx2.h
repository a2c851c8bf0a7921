/* vector_avx2.h - what the templates call a vector: 8 floats, 8 int32; and tiles of 12 of them.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_X86_VECTOR_AVX2_H
#define DR_KERNELS_X86_VECTOR_AVX2_H

/* Without them the header is empty, so that it compiles alone; what includes it does not. */
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __m256 vec;
#define LANES 8
#define vec_set _mm256_set1_ps
#define vec_load _mm256_loadu_ps
#define vec_store _mm256_storeu_ps
#define vec_add _mm256_add_ps
#define vec_sub _mm256_sub_ps
#define vec_mul _mm256_mul_ps
#define vec_div _mm256_div_ps
#define vec_fma _mm256_fmadd_ps
#define vec_min _mm256_min_ps
#define vec_max _mm256_max_ps
#define vec_round(v) _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

typedef __m256d wide_vec;
#define WIDE_LANES 4
#define wide_fma _mm256_fmadd_pd

#define vec_abs(v) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v)

/* All ones in the lanes that exist. */
typedef __m256i vec_mask;
#define vec_load_masked _mm256_maskload_ps
#define vec_store_masked _mm256_maskstore_ps

static inline vec_mask vec_first(size_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < LANES ? (int)n : LANES), lane);
}

typedef vec vec_input;
#define vec_input_load _mm256_broadcast_ss
#define vec_fma_input _mm256_fmadd_ps

/* Sums in 12 of the 16 registers hide the latency of two units; where no more than 8 columns are
 * left, 12 rows do. */
#define MAX_SUMS 12
#define MAX_VECS 2
#define TILES(X) X(6, 2) X(3, 2) X(2, 2) X(1, 2) X(12, 1) X(6, 1) X(3, 1) X(1, 1)
#define GROUP(left) ((left) > 1 ? 2 : 1)

static inline float vec_largest(vec v) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

/* Adds n to the exponent of v, which is near 1. */
static inline vec vec_scale(vec v, vec n) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(v), exponent));
}

/* gcc 12 keeps arrays of this type in registers, of __m256i it does not. */
typedef int32_t lanes __attribute__((vector_size(32)));
typedef lanes pairs; /* of int16 */
#define lanes_zero() ((lanes)_mm256_setzero_si256())
#define lanes_to_vec(v) _mm256_cvtepi32_ps((__m256i)(v))

static inline lanes lanes_pair(const int16_t *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return (lanes)_mm256_set1_epi32(pair);
}

static inline lanes lanes_load(const int16_t *p) {
    return (lanes)_mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline lanes lanes_multiply_add(lanes x, lanes w, lanes sum) {
    return (lanes)_mm256_add_epi32((__m256i)sum, _mm256_madd_epi16((__m256i)x, (__m256i)w));
}

/* 8 floats, rounded, as int16 from -32767 to 32767. */
static inline void store_int16(int16_t *y, vec v) {
    const vec limit = _mm256_set1_ps(INT16_MAX);
    const vec fit =
        _mm256_max_ps(_mm256_min_ps(v, limit), _mm256_sub_ps(_mm256_setzero_ps(), limit));
    const __m256i wide = _mm256_cvtps_epi32(fit);
    const __m128i low = _mm256_castsi256_si128(wide), high = _mm256_extracti128_si256(wide, 1);
    _mm_storeu_si128((__m128i *)(void *)y, _mm_packs_epi32(low, high));
}

/* The 16 floats of two vectors, rounded, as int16: they fit. */
static inline void store_int16_line(int16_t *y, const vec v[2]) {
    const __m256i low = _mm256_cvtps_epi32(v[0]), high = _mm256_cvtps_epi32(v[1]);
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    _mm256_storeu_si256((__m256i *)(void *)y, packed);
}

/* 8 halves as floats, and back, rounded to even. */
static inline vec load_half(const uint16_t *x) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)x));
}

static inline void store_half(uint16_t *y, vec v) {
    _mm_storeu_si128((__m128i *)(void *)y, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

#endif

#endif
