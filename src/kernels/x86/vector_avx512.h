/* vector_avx512.h - what the templates call a vector: 16 floats, 16 int32; and tiles of 24.
 * SPDX-License-Identifier: MIT */
#ifndef DR_KERNELS_X86_VECTOR_AVX512_H
#define DR_KERNELS_X86_VECTOR_AVX512_H

/* Without them the header is empty, so that it compiles alone; what includes it does not. */
#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VNNI__)

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __m512 vec;
#define LANES 16
#define vec_set _mm512_set1_ps
#define vec_load _mm512_loadu_ps
#define vec_store _mm512_storeu_ps
#define vec_add _mm512_add_ps
#define vec_sub _mm512_sub_ps
#define vec_mul _mm512_mul_ps
#define vec_div _mm512_div_ps
#define vec_fma _mm512_fmadd_ps
#define vec_min _mm512_min_ps
#define vec_max _mm512_max_ps
#define vec_round(v) _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT)
#define vec_abs _mm512_abs_ps
#define vec_largest _mm512_reduce_max_ps
#define vec_scale _mm512_scalef_ps

/* The lanes that exist. */
typedef __mmask16 vec_mask;
#define vec_load_masked(p, mask) _mm512_maskz_loadu_ps(mask, p)
#define vec_store_masked _mm512_mask_storeu_ps

static inline vec_mask vec_first(size_t n) {
    return n < LANES ? (__mmask16)((1u << n) - 1) : 0xffff;
}

typedef vec vec_input;
#define vec_input_load(p) _mm512_set1_ps(*(p))
#define vec_fma_input _mm512_fmadd_ps

/* Sums in 24 of the 32 registers, where the shape allows it, hide the latency of two units and
 * leave 4 for weights and some for inputs. 5 panels are better done as 3 and 2 than as 4 and 1. */
#define MAX_SUMS 24
#define MAX_VECS 4
#define TILES(X) TILES_WIDE(X) TILES_NARROW(X)
#define TILES_WIDE(X) X(6, 4) X(4, 4) X(2, 4) X(1, 4) X(8, 3) X(4, 3) X(2, 3) X(1, 3)
#define TILES_NARROW(X) X(12, 2) X(6, 2) X(3, 2) X(1, 2) X(12, 1) X(6, 1) X(3, 1) X(1, 1)
#define GROUP(left) ((left) == 5 ? 3 : (left) < 4 ? (left) : 4)

/* gcc 12 keeps arrays of this type in registers, of __m512i it does not. */
typedef int32_t lanes __attribute__((vector_size(64)));
typedef lanes pairs; /* of int16 */
#define lanes_zero() ((lanes)_mm512_setzero_si512())
#define lanes_to_vec(v) _mm512_cvtepi32_ps((__m512i)(v))

static inline lanes lanes_pair(const int16_t *p) {
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return (lanes)_mm512_set1_epi32(pair);
}

static inline lanes lanes_load(const int16_t *p) {
    return (lanes)_mm512_loadu_si512(p);
}

static inline lanes lanes_multiply_add(lanes x, lanes w, lanes sum) {
    return (lanes)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)x, (__m512i)w);
}

/* 16 floats, rounded, as int16 from -32767 to 32767. */
static inline void store_int16(int16_t *y, vec v) {
    const vec limit = _mm512_set1_ps(INT16_MAX);
    const vec fit =
        _mm512_max_ps(_mm512_min_ps(v, limit), _mm512_sub_ps(_mm512_setzero_ps(), limit));
    const __m256i narrow = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(fit));
    _mm256_storeu_si256((__m256i *)(void *)y, narrow);
}

/* The 16 floats of a vector, rounded, as int16: they fit. */
static inline void store_int16_line(int16_t *y, const vec v[1]) {
    _mm256_storeu_si256((__m256i *)(void *)y, _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v[0])));
}

/* 16 halves as floats, and back, rounded to even. */
static inline vec load_half(const uint16_t *x) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)x));
}

static inline void store_half(uint16_t *y, vec v) {
    _mm256_storeu_si256((__m256i *)(void *)y, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}

#endif

#endif
