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

#define DR_KERNELS(X)                                                                              \
    X(gemm, (const struct dr_gemm *g))                                                             \
    X(lstm_step, (const struct dr_lstm_step *s))                                                   \
    /* y[i][j] = max(0, x[i][j] * scale[j] + shift[j]); y may be x when the strides are equal. */  \
    X(scale_shift_relu, (float *y, ptrdiff_t ldy, const float *x, ptrdiff_t ldx,                   \
                         const float *scale, const float *shift, size_t m, size_t n))              \
    /* y[i][j] = max of x[3i..3i+2][j]; y is packed [m][n], x [3m][n]; y may be x. */              \
    X(max_pool3, (float *y, const float *x, size_t m, size_t n))                                   \
    /* Per column over m rows, packed [m][n], in place: (x - mean) / sqrt(var + 1e-5) * weight +   \
     * bias (biased variance), then leaky ReLU 0.01. Bound: 1e-5 absolute of the result. */        \
    X(instance_norm_leaky, (float *x, const float *weight, const float *bias, size_t m, size_t n)) \
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
};
#undef DR_KERNEL_POINTER

/* flags: DIARIST_CPU_* from dr_cpu_flags. */
void dr_kernels_init(struct dr_kernels *k, int flags);

/* ---- packing, done once per weight ---- */

/* b[k][n] given as source[j*stride_j + k*stride_k] -> packed [ceil(n/16)][k][16], zero-padded. */
void dr_pack_panels(float *packed, const float *source, ptrdiff_t stride_k, ptrdiff_t stride_j,
                    size_t k, size_t n);

/* PyTorch order weight_hh [4*hidden][hidden], gates i,f,g,o -> [hidden/16][hidden][4][16]. */
void dr_pack_lstm(float *packed, const float *weight_hh, size_t hidden);

/* Row (0..4*hidden-1) of PyTorch's weight_ih, bias_ih, bias_hh that belongs in column j of x. */
size_t dr_lstm_gate_column(size_t j, size_t hidden);

#endif
