/* kernels.h - the list of kernels: everything in the engine that is worth doing fast.
 * SPDX-License-Identifier: MIT
 *
 * One list, X(slot, arguments), makes the table of function pointers, the tests and the bench rows.
 * Every slot has a portable C body (family.c) that is short and obviously right, and faster bodies
 * (x86/family_avx2.c, ...) that tests/kernels holds against it. dr_kernels_init fills the table:
 * portable C first, then each instruction set that the flags allow, weakest first.
 *
 * Layout: activations are row-major with channels (columns) last, [rows][channels]; vector lanes
 * are output channels. So a 1-D convolution is a GEMM whose rows overlap, and a 3x3 one is a GEMM
 * with three taps. Results do not depend on how rows are split between calls: each element is
 * summed in the order of k, in one accumulator, within one instruction set. */
#ifndef DR_KERNELS_KERNELS_H
#define DR_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define DR_PANEL 16 /* columns of one panel of packed weights */

/* Columns rounded up to whole panels. */
#define DR_PADDED(n) (((size_t)(n) + DR_PANEL - 1) / DR_PANEL * DR_PANEL)

enum dr_activation { DR_LINEAR, DR_RELU, DR_LEAKY_RELU /* slope 0.01 */, DR_ABS };

/* c[i][j] = act(sum over tap t, depth d of a[i*lda + t*tap_stride + d] * b[t*depth + d][j]
 *               + bias[j] + residual[i*ldr + j]),  0 <= i < m, 0 <= j < n.
 * lda may be smaller than depth (overlapping rows). b is packed by dr_pack_panels:
 * [ceil(n/16)][taps*depth][16], zero-padded columns. bias: [DR_PADDED(n)] or NULL. residual:
 * [m][ldr] or NULL; it may be c itself. Strides in floats. Any m, n, taps, depth >= 1; no alignment
 * needed; nothing is read or written outside. Bound against double: NMSE 1e-12. */
struct dr_gemm {
    const float *a;
    ptrdiff_t lda, tap_stride;
    size_t taps, depth;
    const float *b;
    const float *bias;
    const float *residual;
    ptrdiff_t ldr;
    float *c;
    ptrdiff_t ldc;
    size_t m, n;
    enum dr_activation act;
};

/* One time step of one LSTM direction for a batch of sequences, gates in registers:
 * g = x[i] + h_prev[i] * U;  c = sigmoid(g_f) c + sigmoid(g_i) tanh(g_g);  h = sigmoid(g_o)
 * tanh(c). hidden is a multiple of 16. x rows: [hidden/16][4 gates i,f,g,o][16] (biases included;
 * packed so by dr_lstm_gate_column). u: [hidden/16][hidden][4][16] by dr_pack_lstm. Strides in
 * floats between sequences. h and h_prev may not overlap. Bound: 2e-6 absolute on h. */
struct dr_lstm_step {
    const float *x;
    ptrdiff_t ldx;
    const float *h_prev;
    ptrdiff_t ldh_prev;
    const float *u;
    float *c; /* [batch][hidden], updated in place */
    float *h;
    ptrdiff_t ldh;
    size_t batch, hidden;
};

/* The same product of 16-bit integers, for weights and activations that were quantised:
 * c[i][j] = act(scale * row_scale[i] * column_scale[j] * sum + bias[j] + residual[i*ldr + j]).
 * Sums over exact_taps taps are exact, in 32 bits: dr_pack_panels16 chooses column_scale so that
 * they cannot overflow; those sums are added in float. depth is even. b: [ceil(n/16)]
 * [taps*depth/2][16][2]. Strides in elements. Bound against double: NMSE 1e-12. */
struct dr_gemm16 {
    const int16_t *a;
    ptrdiff_t lda, tap_stride;
    size_t taps, exact_taps, depth;
    const int16_t *b;
    float scale;
    const float *row_scale;    /* [m] or NULL: 1 */
    const float *column_scale; /* [DR_PADDED(n)] */
    const float *bias;         /* [DR_PADDED(n)] or NULL */
    const float *residual;     /* [m][ldr] or NULL; it may be c */
    ptrdiff_t ldr;
    float *c;
    ptrdiff_t ldc;
    size_t m, n;
    enum dr_activation act;
};

/* Activations that are quantised for dr_gemm16: 13 bits leave 11 or more to the weights of 256
 * sums. */
#define DR_ACTIVATION_MAX 8191

/* dr_lstm_step with h in 16 bits, h = h16 / DR_LSTM_UNIT: 13 bits of a value between -1 and 1.
 * u: [hidden/16][hidden/2][4][16][2] by dr_pack_lstm16, u_scale: [hidden/16][4][16] so that
 * h16 . u * u_scale is the recurrent part of a gate; exact in 32 bits. x and c stay float. Bound: 1
 * unit of h16, besides rounding. */
#define DR_LSTM_UNIT DR_ACTIVATION_MAX
struct dr_lstm_step16 {
    const float *x;
    ptrdiff_t ldx;
    const int16_t *h_prev;
    ptrdiff_t ldh_prev;
    const int16_t *u;
    const float *u_scale;
    float *c; /* [batch][hidden], updated in place */
    int16_t *h;
    ptrdiff_t ldh;
    size_t batch, hidden;
};

/* An instance norm that knows what it is applied to. */
enum { DR_NORM_COLUMNS = 80 };
struct dr_instance_norm {
    float mean[DR_NORM_COLUMNS], factor[DR_NORM_COLUMNS], shift[DR_NORM_COLUMNS];
};

/* The points of F(3, 5) and, in each dimension, of F(5x5, 3x3): 0, 1, -1, 2, -2, 1/2, infinity. */
enum { DR_WINOGRAD5_POINTS = 7 };

/* What winograd2_input16 takes out of each point, in one dimension. The positive numbers in B's
 * rows sum up to 7.5, 3.5, 7, 3.5, 3.5, 5, 7.5, the negative ones to 7.5, 6.5, 7, 3.5, 3.5, 5, 7.5:
 * where no x is negative, point pq is at most the larger of their products' sums, which is
 * 112.5 h_p h_q or less. */
static inline float dr_winograd2_unit(size_t point) {
    static const float units[] = {1.0f,          0.69602043f /* sqrt(54.5 / 112.5) */,
                                  14.0f / 15.0f, 7.0f / 15.0f,
                                  7.0f / 15.0f,  2.0f / 3.0f,
                                  1.0f};
    return units[point];
}

/* A half float (IEEE 754 binary16): maps of features take half the memory in it. */
typedef uint16_t dr_half;

/* winograd2_output_relu whose y and residual are halves, in units of their own: y[..] stands for
 * y[..] / per_unit, residual[..] for residual[..] * residual_unit. No result may be beyond 65504
 * units. *max is of y as it is stored. */
struct dr_winograd2_output16 {
    dr_half *y;
    const dr_half *residual; /* or NULL; it may be y */
    float per_unit, residual_unit;
    size_t ldy;
    float *max;
    const float *products;
    size_t ldp;
    const float *bias;
    size_t num_rows, step, m, n;
};

/* ---- filters over frames of samples ----
 * Frames of 251 samples, 10 apart, in blocks of no more than 103, whose 1280 samples are brought to
 * their spectrum: a tenth of the products that folded frames times filters would take, and as many
 * operations again for the transforms. A frame's last bits depend on where its block begins. */
enum {
    DR_BANK_LENGTH = 251,
    DR_BANK_STRIDE = 10,
    DR_BANK_SAMPLES = 1280, /* of a block at most */
    DR_BANK_POINTS = DR_BANK_SAMPLES / DR_BANK_STRIDE,
    DR_BANK_FRAMES = (DR_BANK_SAMPLES - DR_BANK_LENGTH) / DR_BANK_STRIDE + 1, /* of one at most */
    DR_BANK_BLOCKS = 8,                                                       /* made at once */
    DR_BANK_TOGETHER = 2, /* go through the filters at once */
    /* Floats of the spectra of 8 blocks: [65][10][2][8], bin q + 128 r at [q][r], real and
     * imaginary parts; bin -k is the conjugate of bin k. */
    DR_BANK_SPECTRA = (DR_BANK_POINTS / 2 + 1) * DR_BANK_STRIDE * 2 * DR_BANK_BLOCKS,
    DR_BANK_SCRATCH = 32 * 1024 /* floats, aligned as a double is */
};

/* exp(2 pi i x) */
struct dr_rotation {
    float cosine, sine;
};
struct dr_wide_rotation {
    double cosine, sine;
};

/* x = i / 1280; [i][m]: i (m + 1) / 128 and i (m + 1) / 32 */
struct dr_bank_tables {
    struct dr_wide_rotation circle[DR_BANK_SAMPLES], wide_of_128[32][3], wide_of_32[8][3];
    struct dr_rotation of_128[32][3], of_32[8][3];
};

/* Block b is of samples step b and on: `width` of them, up to number n, and zeros behind. */
struct dr_blocks {
    const float *x;
    size_t step, width, n;
    size_t num; /* <= 8 */
};

/* n symmetric and n antisymmetric filters; n: 8 k. */
struct dr_filter_bank {
    const float *spectra; /* by dr_pack_filters */
    const struct dr_bank_tables *tables;
    size_t n;
};

#define DR_KERNELS(X)                                                                              \
    X(gemm, (const struct dr_gemm *g))                                                             \
    X(gemm16, (const struct dr_gemm16 *g))                                                         \
    X(lstm_step, (const struct dr_lstm_step *s))                                                   \
    X(lstm_step16, (const struct dr_lstm_step16 *s))                                               \
    /* y[i][j] = max(0, x[i][j] * scale[j] + shift[j]); y may be x when the strides are equal. */  \
    X(scale_shift_relu, (float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx,                   \
                         const float *scale, const float *shift, size_t m, size_t n))              \
    /* y[i][j] = max of x[3i..3i+2][j]; y is packed [m][n], x [3m][n]; y may be x. */              \
    X(max_pool3, (float *y, const float *x, size_t m, size_t n))                                   \
    /* Spectra of blocks, twice as large as DFTs; those of blocks that are not there are zeros. */ \
    X(block_spectra, (float *spectra, const struct dr_blocks *from,                                \
                      const struct dr_bank_tables *tables, float *scratch))                        \
    /* y[b * frames + i][j] = frame i < frames <= 103 of block b < 2 times symmetric filter j,     \
     * y[..][n + j] = times antisymmetric filter j. spectra: from the first of the two blocks on.  \
     * Bound of a block: NMSE 1e-12, of what is 80 dB below the block's samples 1e-9. */           \
    X(filter_spectra, (float *y, const struct dr_filter_bank *bank, const float *spectra,          \
                       size_t frames, float *scratch))                                             \
    /* y[i][j] = max of |x[r][j] * scale + shift[j]| over the rows r = 3i..3i+2; packed. */        \
    X(abs_max_pool3,                                                                               \
      (float *y, const float *x, float scale, const float *shift, size_t m, size_t n))             \
    /* The extremes that abs_max_pool3 may have to choose from where shift is 0 for the second     \
     * half of the columns. Of x [3m][2n], y [m][3n]: y[i][j] = the largest, y[i][n + j] = the     \
     * least of x[3i..3i+2][j], y[i][2n + j] = the largest of |x[3i..3i+2][n + j]|; j < n. */      \
    X(extremes_pool3, (float *y, const float *x, size_t m, size_t n))                              \
    /* The choice, the same bits. Of x [m][3n], y [m][2n]: y[i][j] = the larger of                 \
     * |x[i][j] * scale + shift[j]| and |x[i][n + j] * scale + shift[j]|, y[i][n + j] =            \
     * |x[i][2n + j] * scale|; j < n. */                                                           \
    X(abs_max_extremes,                                                                            \
      (float *y, const float *x, float scale, const float *shift, size_t m, size_t n))             \
    /* What instance norm does to each column of x, packed [m][n], n <= DR_NORM_COLUMNS: biased    \
     * variance, epsilon 1e-5. */                                                                  \
    X(instance_norm, (struct dr_instance_norm * norm, const float *x, const float *weight,         \
                      const float *bias, size_t m, size_t n))                                      \
    /* y[i][j] = leaky((x[i][j] - mean[j]) * factor[j] + shift[j]), leaky ReLU with 0.01. Bound of \
     * both: 1e-5 absolute of the result. */                                                       \
    X(norm_leaky, (float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx,                         \
                   const struct dr_instance_norm *norm, size_t m, size_t n))                       \
    /* ---- to 16 bits ---- */                                                                     \
    /* *max = the largest of *max and all |x[i][j]| */                                             \
    X(max_abs, (float *max, const float *x, ptrdiff_t ldx, size_t m, size_t n))                    \
    /* y[i][j] = x[i][j] * factor, rounded to even; what does not fit is +-32767. */               \
    X(quantize, (int16_t * y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx, float factor,          \
                 size_t m, size_t n))                                                              \
    /* scale_shift_relu, each row in a unit of its own: y[i][j] * row_scale[i], |y| <=             \
     * DR_ACTIVATION_MAX. Bound: half a unit of the row. */                                        \
    X(scale_shift_relu16,                                                                          \
      (int16_t * y, ptrdiff_t ldy, float *row_scale, const float *x, ptrdiff_t ldx,                \
       const float *scale, const float *shift, size_t m, size_t n))                                \
    /* y[j] = x[j] * factor, rounded to even; |y| <= 65504. n: 16 k. */                            \
    X(to_half, (dr_half * y, const float *x, float factor, size_t n))                              \
    X(from_half, (float *y, const dr_half *x, float factor, size_t n))                             \
    /* ---- Winograd's F(3, 5): 5 taps along rows; the 3 outputs of a tile are pooled ---- */      \
    /* Of y = norm_leaky(x [3*tiles + 4][n]): v[p*ldv + t*n + j] = (B' y[3t .. 3t+6][j])_p of the  \
     * 7 points. n: 16 k. */                                                                       \
    X(winograd5_input, (float *v, size_t ldv, const float *x, const struct dr_instance_norm *norm, \
                        size_t tiles, size_t n))                                                   \
    /* y[t][j] = bias[j] + the largest (A' products[.][t][j])_q, q < 3; points ldp apart. n: 16 k. \
     */                                                                                            \
    X(winograd5_output_pool3,                                                                      \
      (float *y, const float *products, size_t ldp, const float *bias, size_t tiles, size_t n))    \
    /* ---- F(5x5, 3x3): rows and columns at once; a tile gives 5 x 5 ---- */                      \
    /* Of x [7][5*tiles + 2][n], rows ldx apart: v[7p + q][t][j] = (B' d B)_pq of the 7 x 7 of     \
     * tile t; the 49 points are ldv apart. n: 16 k. */                                            \
    X(winograd2_input, (float *v, size_t ldv, const float *x, size_t ldx, size_t tiles, size_t n)) \
    /* The same times factor / (h_p h_q), rounded, with h = dr_winograd2_unit. It must fit:        \
     * |v| <= 225 |x| factor. */                                                                   \
    X(winograd2_input16, (int16_t * v, size_t ldv, const dr_half *x, size_t ldx, float factor,     \
                          size_t tiles, size_t n))                                                 \
    /* y[k][5t + c][j] = max(0, (A' products[.][t][j] A)_rc + bias[j] + residual[k][5t + c][j])    \
     * with r = k * step, for k < num_rows, r <= 4, and columns 5t + c < m; step: 1 or 2. *max =   \
     * the largest of *max, which is at least 0, and all of y. products: 49 points ldp apart; rows \
     * of y and residual (or NULL; it may be y) are ldy apart. n: 16 k. */                         \
    X(winograd2_output_relu,                                                                       \
      (float *y, size_t ldy, float *max, const float *products, size_t ldp, const float *bias,     \
       const float *residual, size_t num_rows, size_t step, size_t m, size_t n))                   \
    X(winograd2_output_relu16, (const struct dr_winograd2_output16 *o))                            \
    /* sum[j] += sum over rows of x[i][j] */                                                       \
    X(add_rows, (float *sum, const float *x, ptrdiff_t ldx, size_t m, size_t n))                   \
    /* x[i][j] *= factor[j] */                                                                     \
    X(scale_columns, (float *x, ptrdiff_t ldx, const float *factor, size_t m, size_t n))           \
    /* Per column over the rows with keep[i] != 0: sum += x, squares += x*x; in double. */         \
    X(pool_sums, (double *sum, double *squares, const float *x, ptrdiff_t ldx,                     \
                  const unsigned char *keep, size_t m, size_t n))                                  \
    /* power[i][k] = |DFT_512 of frame i|^2 for 0 <= k < 256 of num_frames real frames of 512      \
     * samples, [num_frames][512] -> [num_frames][256]. The Nyquist bin has no mel weight and is   \
     * left out. Bound: NMSE 1e-12 against a DFT in double. */                                     \
    X(power_spectrum, (float *power, const float *frames, size_t num_frames))

#define DR_KERNEL_POINTER(slot, args) void(*slot) args;
struct dr_kernels {
    DR_KERNELS(DR_KERNEL_POINTER)
    const char *instruction_set; /* "generic", "avx2", "avx512", "neon": the best that was taken */
    int prefers_int16; /* products of 16-bit integers are faster here than those of floats */
};
#undef DR_KERNEL_POINTER

/* flags: DIARIST_CPU_* from dr_cpu_flags. */
void dr_kernels_init(struct dr_kernels *k, int flags);

/* ---- packing, done once per weight ---- */

/* b[k][n] given as source[j*stride_j + k*stride_k] -> packed [ceil(n/16)][k][16], zero-padded. */
void dr_pack_panels(float *packed, const float *source, ptrdiff_t stride_k, ptrdiff_t stride_j,
                    size_t k, size_t n);

/* The same of source[n][k] for dr_gemm16, whose k is a multiple of exact = exact_taps * depth,
 * which is even. Column j is divided by column_scale[j], so that the largest weight is at most
 * 32767 and exact sums of products with activations up to max_activation stay below 2^31.
 * column_scale: [DR_PADDED(n)]. */
void dr_pack_panels16(int16_t *packed, float *column_scale, const float *source, size_t k,
                      size_t exact, size_t n, int max_activation);

void dr_make_bank_tables(struct dr_bank_tables *tables);

/* Symmetric filters even[n][251], antisymmetric ones odd[n][251] -> the spectra of a bank,
 * [n / 8][DR_BANK_SPECTRA]. scratch: DR_BANK_SCRATCH + DR_BANK_SPECTRA floats. */
void dr_pack_filters(float *packed, const struct dr_kernels *k, const struct dr_bank_tables *tables,
                     const float *even, const float *odd, size_t n, float *scratch);

/* PyTorch order weight_hh -> dr_lstm_step16's u and u_scale. */
void dr_pack_lstm16(int16_t *packed, float *scale, const float *weight_hh, size_t hidden);

/* PyTorch order weight_hh [4*hidden][hidden], gates i,f,g,o -> [hidden/16][hidden][4][16]. */
void dr_pack_lstm(float *packed, const float *weight_hh, size_t hidden);

/* Row (0..4*hidden-1) of PyTorch's weight_ih, bias_ih, bias_hh that belongs in column j of x. */
size_t dr_lstm_gate_column(size_t j, size_t hidden);

#endif
