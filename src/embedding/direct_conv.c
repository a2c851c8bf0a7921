/* direct_conv.c - a convolution over maps of features as a product whose rows overlap.
 * SPDX-License-Identifier: MIT */
#include "embedding/direct_conv.h"

#include "types.h"

struct dr_direct_conv dr_direct_conv_load(struct dr_loader *loader, const char *conv,
                                          const char *norm, unsigned n, unsigned channels,
                                          unsigned kernel, enum dr_precision precision) {
    const struct dr_packing packing = {precision, kernel, 1, DR_ACTIVATION_MAX};
    const struct dr_conv_shape shape = {n, channels, kernel, kernel, 4, packing};
    struct dr_affine affine = dr_load_batch_norm(loader, norm, n, 1);
    const float *weight = dr_load_tensor(loader, conv, ".weight", 4, n, channels, kernel, kernel);
    struct dr_direct_conv loaded = {0};
    if (loader->err.status)
        return loaded;
    if (loader->precision == DR_INT16)
        loaded.gain = dr_gain_of(weight, n, (size_t)channels * kernel * kernel, &affine);
    loaded.linear = dr_load_conv(loader, conv, &shape, 0, &affine);
    return loaded;
}

void dr_direct_conv_first(const struct dr_kernels *kernels, const struct dr_direct_conv *conv,
                          struct dr_map *out, const float *features, float *data, float *line) {
    const struct dr_map in = dr_map_make(data, out->tile, out->mels, out->frames, 1);
    for (size_t m = 0; m < in.mels; m++)
        for (size_t t = 0; t < in.frames; t++)
            dr_map_interior(&in, m)[t] = features[t * in.mels + m];
    if (out->narrow) {
        float max = 0.0f;
        kernels->max_abs(&max, features, 0, 1, in.frames * in.mels);
        dr_map_set_unit(out, &conv->gain, max, 0.0f);
    }
    for (size_t m = 0; m < in.mels; m++) {
        dr_linear_run(kernels, &conv->linear, in.data + m * in.row, 1, (ptrdiff_t)in.row,
                      out->narrow ? line : dr_map_interior(out, m), (ptrdiff_t)out->channels,
                      out->frames, DR_RELU, NULL, 0);
        if (out->narrow)
            dr_map_narrow_row(out, kernels, m, line);
    }
}
