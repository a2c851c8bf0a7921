/* lstm_avx512.c - one time step of an LSTM direction for a batch: AVX-512.
 * SPDX-License-Identifier: MIT
 * 6 sequences x 4 gates of 16 units: 24 sums, 6 inputs and 1 weight in 32 registers. */
#include <immintrin.h>

#include "kernels/x86/x86.h"

#if !defined(__AVX512F__) || !defined(__FMA__)
#error lstm_avx512.c is being compiled without AVX-512
#endif

typedef __m512 vec;
#define LANES 16
#define MAX_ROWS 6
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
#define INPUTS 1
#define vec_inputs(p) _mm512_set1_ps(*(p))
#define vec_fma_input(a, x, i, b) _mm512_fmadd_ps(x, b, a)
#define vec_scale _mm512_scalef_ps

#include "kernels/lstm_template.h"

void dr_lstm_step_avx512(const struct dr_lstm_step *s) {
    step(s);
}
