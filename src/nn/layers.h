/* layers.h - weights brought into the order that the kernels want, once, at load.
 * SPDX-License-Identifier: MIT
 *
 * safetensors (PyTorch order) -> fold batch norm -> panels of 16 output channels -> GEMM.
 * Everything here is written while a model loads and read-only afterwards. */
#ifndef DR_NN_LAYERS_H
#define DR_NN_LAYERS_H

#include "base/arena.h"
#include "kernels/kernels.h"
#include "nn/weights.h"

/* What a network's large products are made of. DR_INT16: weights and activations quantised to 16
 * bits where it costs nothing, the rest in float. */
enum dr_precision { DR_FLOAT32, DR_INT16, DR_NUM_PRECISIONS };

#define DR_NORM_EPS 1e-5 /* PyTorch's default of BatchNorm and InstanceNorm */

/* What loading needs; precision is that of the layers for which it says how. The first failure
 * stays in err; every later call does nothing and its outputs are zeroed, so a loader checks
 * err.status once at its end. */
struct dr_loader {
    const struct dr_weights *weights;
    struct dr_arena *arena; /* owns what is loaded */
    enum dr_precision precision;
    diarist_error err; /* set err.status to DIARIST_OK first */
    float *scratch;    /* of dr_loader_scratch; free it at the end */
    size_t scratch_floats;
};

/* `count` floats, uninitialised, to prepare one tensor in; the next call takes them back. NULL
 * after a failure. One piece for all tensors: memory that was never used costs more than what is
 * done in it. */
float *dr_loader_scratch(struct dr_loader *loader, size_t count);

/* Batch norm at inference: y = x * scale + shift, [n] padded to whole panels with zeros. */
struct dr_affine {
    float *scale, *shift;
};

/* A linear map or convolution of any kind as one GEMM, [taps * depth] -> n, in one of two
 * precisions: packed, or packed16 with its scale, is there. */
struct dr_linear {
    const float *packed;     /* by dr_pack_panels */
    const int16_t *packed16; /* by dr_pack_panels16 */
    const float *scale;      /* [DR_PADDED(n)], of packed16 */
    const float *bias;       /* [DR_PADDED(n)] or NULL */
    size_t taps, exact_taps, depth, n;
};

/* How it is packed. 16 bits: sums over exact_taps taps, with activations up to max_activation, are
 * exact. */
struct dr_packing {
    enum dr_precision precision;
    size_t taps, exact_taps;
    int max_activation;
};

/* The tensor PREFIX SUFFIX with the given shape; NULL after a failure. */
const float *dr_load_tensor(struct dr_loader *loader, const char *prefix, const char *suffix,
                            unsigned num_dims, unsigned d0, unsigned d1, unsigned d2, unsigned d3);

/* PREFIX.{weight,bias,running_mean,running_var}; affine = 0: only the last two. */
struct dr_affine dr_load_batch_norm(struct dr_loader *loader, const char *prefix, unsigned n,
                                    int affine);

/* PREFIX.weight of a convolution, [n][channels][kernel...] with num_dims dimensions, kernel taps in
 * row-major order 3 x 3 (two-dimensional), 1-D `kernel` or none -> GEMM over [tap][depth], where
 * depth = channels * kernel / taps. norm: batch norm that follows, folded into weight and bias, or
 * NULL. PREFIX.bias is read when has_bias. */
struct dr_conv_shape {
    unsigned n, channels;
    unsigned kernel_h, kernel_w; /* 1 where there is no such dimension */
    unsigned num_dims;           /* of the tensor: 2, 3 or 4 */
    struct dr_packing packing;   /* taps divides channels * kernel_h * kernel_w */
};
struct dr_linear dr_load_conv(struct dr_loader *loader, const char *prefix,
                              const struct dr_conv_shape *shape, int has_bias,
                              const struct dr_affine *norm);

/* source[n][k] (row-major, one row per output) -> packed linear; bias copied, NULL allowed. */
struct dr_linear dr_pack_linear(struct dr_loader *loader, const float *source, const float *bias,
                                size_t k, size_t n, struct dr_packing packing);

/* In float, k in one piece. */
#define DR_PACKING_FLOAT ((struct dr_packing){DR_FLOAT32, 1, 1, 0})

/* Taps of a product over k channels in 16 bits, each at most 256 deep and exact: 13 bits of
 * activations leave 11 to weights then. k is a multiple of 32. */
struct dr_packing dr_packing16(size_t k);

/* c[m][n] = act(linear(a) + residual); see struct dr_gemm for the strides. */
void dr_linear_run(const struct dr_kernels *k, const struct dr_linear *linear, const float *a,
                   ptrdiff_t lda, ptrdiff_t tap_stride, float *c, ptrdiff_t ldc, size_t m,
                   enum dr_activation act, const float *residual, ptrdiff_t ldr);

/* The same for quantised a, whose values times scale and row_scale[i] (NULL: 1) are meant. */
void dr_linear_run16(const struct dr_kernels *k, const struct dr_linear *linear, const int16_t *a,
                     ptrdiff_t lda, ptrdiff_t tap_stride, float scale, const float *row_scale,
                     float *c, ptrdiff_t ldc, size_t m, enum dr_activation act);

#endif
