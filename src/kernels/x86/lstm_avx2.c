/* lstm_avx2.c - one time step of an LSTM direction for a batch: AVX2 with FMA.
 * SPDX-License-Identifier: MIT
 * 3 sequences x 4 gates of 8 units: 12 sums, 3 inputs and 1 weight in 16 registers. */
#include <immintrin.h>

#include "kernels/x86/x86.h"

#if !defined(__AVX2__) || !defined(__FMA__)
#error lstm_avx2.c is being compiled without AVX2 and FMA
#endif

typedef __m256 vec;
#define LANES 8
#define MAX_ROWS 3
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
#define INPUTS 1
#define vec_inputs(p) _mm256_set1_ps(*(p))
#define vec_fma_input(a, x, i, b) _mm256_fmadd_ps(x, b, a)

/* Adds n to the exponent of v, which is near 1. */
static inline vec vec_scale(vec v, vec n) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(v), exponent));
}

#include "kernels/lstm_template.h"

void dr_lstm_step_avx2(const struct dr_lstm_step *s) {
    step(s);
}
