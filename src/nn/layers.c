/* layers.c - weights brought into the order that the kernels want, once, at load.
 * SPDX-License-Identifier: MIT */
#include "nn/layers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* For weights, all of which are then written: to zero them first takes a tenth of packing them. */
static float *load_packed(struct dr_loader *loader, size_t n) {
    float *p = loader->err.status ? NULL : dr_arena_alloc(loader->arena, n, sizeof *p);
    if (!p && !loader->err.status)
        dr_fail_memory(&loader->err);
    return p;
}

/* For values of outputs, those of the last panel's rest being zeros. */
static float *load_floats(struct dr_loader *loader, size_t n) {
    float *p = load_packed(loader, n);
    if (p)
        memset(p, 0, n * sizeof *p);
    return p;
}

float *dr_loader_scratch(struct dr_loader *loader, size_t count) {
    if (loader->err.status)
        return NULL;
    if (count > loader->scratch_floats) {
        /* Layer after layer is a little larger: room for twice as much, as new pages cost. */
        count = count > 2 * loader->scratch_floats ? count : 2 * loader->scratch_floats;
        free(loader->scratch);
        loader->scratch = malloc(count * sizeof *loader->scratch);
        loader->scratch_floats = loader->scratch ? count : 0;
        if (!loader->scratch)
            dr_fail_memory(&loader->err);
    }
    return loader->scratch;
}

const float *dr_load_tensor(struct dr_loader *loader, const char *prefix, const char *suffix,
                            unsigned num_dims, unsigned d0, unsigned d1, unsigned d2, unsigned d3) {
    char name[256];
    snprintf(name, sizeof name, "%s%s", prefix, suffix);
    return dr_weights_get(loader->weights, &loader->err, name, num_dims, d0, d1, d2, d3);
}

struct dr_affine dr_load_batch_norm(struct dr_loader *loader, const char *prefix, unsigned n,
                                    int affine) {
    struct dr_affine norm = {load_floats(loader, DR_PADDED(n)), load_floats(loader, DR_PADDED(n))};
    const float *mean = dr_load_tensor(loader, prefix, ".running_mean", 1, n, 0, 0, 0);
    const float *var = dr_load_tensor(loader, prefix, ".running_var", 1, n, 0, 0, 0);
    const float *weight = NULL, *bias = NULL;
    if (affine) {
        weight = dr_load_tensor(loader, prefix, ".weight", 1, n, 0, 0, 0);
        bias = dr_load_tensor(loader, prefix, ".bias", 1, n, 0, 0, 0);
    }
    if (loader->err.status)
        return norm;
    for (unsigned j = 0; j < n; j++) {
        double scale = (weight ? weight[j] : 1.0) / sqrt((double)var[j] + DR_NORM_EPS);
        norm.scale[j] = (float)scale;
        norm.shift[j] = (float)((bias ? bias[j] : 0.0) - mean[j] * scale);
    }
    return norm;
}

struct dr_packing dr_packing16(size_t k) {
    const size_t taps = k <= 256 ? 1 : k <= 512 ? 2 : 4;
    return (struct dr_packing){DR_INT16, taps, 1, DR_ACTIVATION_MAX};
}

static void pack16(struct dr_linear *linear, struct dr_loader *loader, const float *source,
                   size_t k, int max_activation) {
    /* Two weights take the place of a float. */
    int16_t *packed = (int16_t *)(void *)load_packed(loader, DR_PADDED(linear->n) * k / 2);
    float *scale = load_floats(loader, DR_PADDED(linear->n));
    if (loader->err.status)
        return;
    dr_pack_panels16(packed, scale, source, k, linear->exact_taps * linear->depth, linear->n,
                     max_activation);
    linear->packed16 = packed;
    linear->scale = scale;
}

struct dr_linear dr_pack_linear(struct dr_loader *loader, const float *source, const float *bias,
                                size_t k, size_t n, struct dr_packing packing) {
    struct dr_linear linear = {
        .taps = packing.taps, .exact_taps = packing.exact_taps, .depth = k / packing.taps, .n = n};
    float *padded_bias = bias ? load_floats(loader, DR_PADDED(n)) : NULL;
    float *packed = packing.precision == DR_FLOAT32 ? load_packed(loader, DR_PADDED(n) * k) : NULL;
    if (packing.precision == DR_INT16)
        pack16(&linear, loader, source, k, packing.max_activation);
    if (loader->err.status)
        return linear;
    if (packed)
        dr_pack_panels(packed, source, 1, (ptrdiff_t)k, k, n);
    if (bias)
        memcpy(padded_bias, bias, n * sizeof *bias);
    linear.packed = packed;
    linear.bias = padded_bias;
    return linear;
}

typedef float eight __attribute__((vector_size(32)));

/* to[n] = from[n] * by. Vectors, because every start of the program goes through all weights. */
static void scale_row(float *to, const float *from, float by, size_t n) {
    size_t i = 0;
    for (eight v; i + 8 <= n; i += 8) {
        memcpy(&v, from + i, sizeof v);
        v *= by;
        memcpy(to + i, &v, sizeof v);
    }
    for (; i < n; i++)
        to[i] = from[i] * by;
}

/* weight[n][channels][spatial] -> rows[n][spatial][channels], scaled per output. */
static void order_channels_last(float *rows, const float *weight, const float *scale, unsigned n,
                                unsigned channels, unsigned spatial) {
    const size_t k = (size_t)channels * spatial;
    for (unsigned j = 0; j < n; j++, rows += k, weight += k) {
        const float by = scale ? scale[j] : 1.0f;
        if (spatial == 1) {
            scale_row(rows, weight, by, k);
            continue;
        }
        for (unsigned s = 0; s < spatial; s++)
            for (unsigned c = 0; c < channels; c++)
                rows[(size_t)s * channels + c] = weight[(size_t)c * spatial + s] * by;
    }
}

struct dr_linear dr_load_conv(struct dr_loader *loader, const char *prefix,
                              const struct dr_conv_shape *shape, int has_bias,
                              const struct dr_affine *norm) {
    unsigned n = shape->n, spatial = shape->kernel_h * shape->kernel_w;
    size_t k = (size_t)spatial * shape->channels;
    unsigned d2 = shape->num_dims == 3 ? spatial : shape->kernel_h;
    const float *weight = dr_load_tensor(loader, prefix, ".weight", shape->num_dims, n,
                                         shape->channels, d2, shape->kernel_w);
    const float *bias = has_bias ? dr_load_tensor(loader, prefix, ".bias", 1, n, 0, 0, 0) : NULL;
    struct dr_linear linear = {0};
    if (loader->err.status)
        return linear;
    float *rows = dr_loader_scratch(loader, n * k + n);
    if (!rows)
        return linear;
    float *folded = rows + n * k;
    order_channels_last(rows, weight, norm ? norm->scale : NULL, n, shape->channels, spatial);
    for (unsigned j = 0; j < n; j++)
        folded[j] = (bias ? bias[j] : 0.0f) * (norm ? norm->scale[j] : 1.0f) +
                    (norm ? norm->shift[j] : 0.0f);
    return dr_pack_linear(loader, rows, bias || norm ? folded : NULL, k, n, shape->packing);
}

void dr_linear_run(const struct dr_kernels *k, const struct dr_linear *linear, const float *a,
                   ptrdiff_t lda, ptrdiff_t tap_stride, float *c, ptrdiff_t ldc, size_t m,
                   enum dr_activation act, const float *residual, ptrdiff_t ldr) {
    struct dr_gemm g = {.a = a,
                        .lda = lda,
                        .tap_stride = tap_stride,
                        .taps = linear->taps,
                        .depth = linear->depth,
                        .b = linear->packed,
                        .bias = linear->bias,
                        .residual = residual,
                        .ldr = ldr,
                        .c = c,
                        .ldc = ldc,
                        .m = m,
                        .n = linear->n,
                        .act = act};
    k->gemm(&g);
}

void dr_linear_run16(const struct dr_kernels *k, const struct dr_linear *linear, const int16_t *a,
                     ptrdiff_t lda, ptrdiff_t tap_stride, float scale, const float *row_scale,
                     float *c, ptrdiff_t ldc, size_t m, enum dr_activation act) {
    struct dr_gemm16 g = {.a = a,
                          .lda = lda,
                          .tap_stride = tap_stride,
                          .taps = linear->taps,
                          .exact_taps = linear->exact_taps,
                          .depth = linear->depth,
                          .b = linear->packed16,
                          .scale = scale,
                          .row_scale = row_scale,
                          .column_scale = linear->scale,
                          .bias = linear->bias,
                          .c = c,
                          .ldc = ldc,
                          .m = m,
                          .n = linear->n,
                          .act = act};
    k->gemm16(&g);
}
