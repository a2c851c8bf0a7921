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

#define DR_NORM_EPS 1e-5 /* PyTorch's default of BatchNorm and InstanceNorm */

/* What loading needs. The first failure stays in err; every later call does nothing and its outputs
 * are zeroed, so a loader checks err.status once at its end. */
struct dr_loader {
    const struct dr_weights *weights;
    struct dr_arena *arena; /* owns what is loaded */
    diarist_error err;      /* set err.status to DIARIST_OK first */
};

/* Batch norm at inference: y = x * scale + shift, [n] padded to whole panels with zeros. */
struct dr_affine {
    float *scale, *shift;
};

/* A linear map or convolution of any kind as one GEMM: [taps * depth] -> n. */
struct dr_linear {
    const float *packed; /* by dr_pack_panels */
    const float *bias;   /* [DR_PADDED(n)] or NULL */
    size_t taps, depth, n;
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
    unsigned taps;               /* rows of the GEMM's tap loop: divides kernel_h * kernel_w */
};
struct dr_linear dr_load_conv(struct dr_loader *loader, const char *prefix,
                              const struct dr_conv_shape *shape, int has_bias,
                              const struct dr_affine *norm);

/* source[n][k] (row-major, one row per output) -> packed linear; bias copied, NULL allowed. */
struct dr_linear dr_pack_linear(struct dr_loader *loader, const float *source, const float *bias,
                                size_t taps, size_t depth, size_t n);

/* c[m][n] = act(linear(a) + residual); see struct dr_gemm for the strides. */
void dr_linear_run(const struct dr_kernels *k, const struct dr_linear *linear, const float *a,
                   ptrdiff_t lda, ptrdiff_t tap_stride, float *c, ptrdiff_t ldc, size_t m,
                   enum dr_activation act, const float *residual, ptrdiff_t ldr);

#endif
