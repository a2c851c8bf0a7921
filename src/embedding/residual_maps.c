/* residual_maps.c - the 2-D head of CAM++: log-mel features -> [frames][320].
 * SPDX-License-Identifier: MIT */
#include "embedding/residual_maps.h"

#include <stdio.h>

#include "base/error.h"
#include "embedding/direct_conv.h"
#include "embedding/winograd_conv.h"
#include "types.h"

enum { CHANNELS = 32, TILE = DR_WINOGRAD_TILE, BLOCKS = 4 };

/* conv (stride over mels), ReLU, conv, plus the input or its 1x1 projection, ReLU */
struct residual_block {
    struct dr_winograd_conv conv[2];
    struct dr_direct_conv shortcut; /* where it strides */
    unsigned stride;
};

struct dr_residual_maps {
    const struct dr_kernels *kernels;
    enum dr_precision precision;
    struct dr_direct_conv first;
    struct residual_block block[BLOCKS];
    struct dr_winograd_conv last;
};

/* ---- loading ---- */

static void load_block(struct residual_block *block, struct dr_loader *loader, int i) {
    const char *base = "embedding.head.layer";
    char conv[96], norm[96];
    block->stride = i % 2 == 0 ? 2 : 1;
    for (int j = 0; j < 2; j++) {
        snprintf(conv, sizeof conv, "%s%d.%d.conv%d", base, i / 2 + 1, i % 2, j + 1);
        snprintf(norm, sizeof norm, "%s%d.%d.bn%d", base, i / 2 + 1, i % 2, j + 1);
        block->conv[j] =
            dr_winograd_conv_load(loader, conv, norm, CHANNELS, j == 0 ? block->stride : 1);
    }
    if (block->stride == 2) {
        snprintf(conv, sizeof conv, "%s%d.0.shortcut.0", base, i / 2 + 1);
        snprintf(norm, sizeof norm, "%s%d.0.shortcut.1", base, i / 2 + 1);
        block->shortcut =
            dr_direct_conv_load(loader, conv, norm, CHANNELS, CHANNELS, 1, DR_FLOAT32);
    }
}

struct dr_residual_maps *dr_residual_maps_load(struct dr_loader *loader,
                                               const struct dr_kernels *kernels) {
    struct dr_residual_maps *net = dr_arena_zalloc(loader->arena, 1, sizeof *net);
    if (!net) {
        dr_fail_memory(&loader->err);
        return NULL;
    }
    net->kernels = kernels;
    net->precision = loader->precision;
    net->first = dr_direct_conv_load(loader, "embedding.head.conv1", "embedding.head.bn1", CHANNELS,
                                     1, 3, DR_FLOAT32);
    for (int i = 0; i < BLOCKS; i++)
        load_block(&net->block[i], loader, i);
    net->last =
        dr_winograd_conv_load(loader, "embedding.head.conv2", "embedding.head.bn2", CHANNELS, 2);
    return loader->err.status ? NULL : net;
}

/* ---- running ---- */

/* Scratch of one call, floats. */
struct scratch {
    float *big;      /* a map of 80 mels */
    float *small[2]; /* maps of 40 mels */
    float *work;     /* what a convolution works in, or two rows of a map */
};

static size_t map_floats(size_t mels, size_t frames, enum dr_precision precision) {
    const size_t elements = dr_map_elements(TILE, mels, frames, CHANNELS);
    return precision == DR_INT16 ? DR_PADDED(elements / 2) : elements;
}

static size_t lay_out(struct scratch *s, float *base, size_t frames, enum dr_precision precision) {
    const size_t lines = 2 * dr_map_row(TILE, frames, CHANNELS);
    const size_t work = dr_winograd_conv_scratch(CHANNELS);
    size_t used = 0;
    struct scratch unused;
    s = s ? s : &unused;
#define TAKE(field, count) (s->field = base ? base + used : NULL, used += (count))
    TAKE(big, map_floats(DR_MELS, frames, precision));
    TAKE(small[0], map_floats(DR_MELS / 2, frames, precision));
    TAKE(small[1], map_floats(DR_MELS / 2, frames, precision));
    TAKE(work, DR_PADDED(lines > work ? lines : work));
#undef TAKE
    return used;
}

size_t dr_residual_maps_scratch(size_t max_frames) {
    return lay_out(NULL, NULL, max_frames, DR_FLOAT32);
}

static struct dr_map make_map(const struct dr_residual_maps *net, float *data, size_t mels,
                              size_t frames) {
    if (net->precision == DR_INT16)
        return dr_map_make_narrow((dr_half *)(void *)data, TILE, mels, frames, CHANNELS);
    return dr_map_make(data, TILE, mels, frames, CHANNELS);
}

/* 1x1 convolution with stride 2 over mels; narrow maps by way of lines [2][row of a map]. */
static void project(const struct dr_residual_maps *net, const struct dr_direct_conv *conv,
                    struct dr_map *out, const struct dr_map *in, float *lines) {
    const struct dr_kernels *k = net->kernels;
    const size_t num = out->frames * CHANNELS;
    if (out->narrow)
        dr_map_set_unit(out, &conv->gain, in->max, 0.0f);
    for (size_t m = 0; m < out->mels; m++) {
        if (out->narrow)
            k->from_half(lines, dr_map_narrow_interior(in, 2 * m), in->unit, num);
        dr_linear_run(k, &conv->linear, out->narrow ? lines : dr_map_interior(in, 2 * m), CHANNELS,
                      0, out->narrow ? lines + in->row : dr_map_interior(out, m), CHANNELS,
                      out->frames, DR_LINEAR, NULL, 0);
        if (out->narrow)
            dr_map_narrow_row(out, k, m, lines + in->row);
    }
}

/* in -> out, by way of inner; out is in where the block does not stride. */
static void run_block(const struct dr_residual_maps *net, const struct residual_block *block,
                      struct dr_map *out, struct dr_map *in, struct dr_map *inner, float *work) {
    dr_winograd_conv_run(net->kernels, &block->conv[0], inner, in, NULL, work);
    if (block->stride == 2)
        project(net, &block->shortcut, out, in, work);
    dr_winograd_conv_run(net->kernels, &block->conv[1], out, inner, out, work);
}

void dr_residual_maps_run(const struct dr_residual_maps *net, float *out, const float *features,
                          size_t frames, float *scratch) {
    struct scratch s;
    lay_out(&s, scratch, frames, net->precision);
    struct dr_map first = make_map(net, s.big, DR_MELS, frames);
    dr_direct_conv_first(net->kernels, &net->first, &first, features, s.small[0], s.work);

    struct dr_map x = make_map(net, s.small[0], DR_MELS / 2, frames);
    struct dr_map inner = make_map(net, s.small[1], DR_MELS / 2, frames);
    run_block(net, &net->block[0], &x, &first, &inner, s.work);
    run_block(net, &net->block[1], &x, &x, &inner, s.work);

    struct dr_map y = make_map(net, s.big, DR_MELS / 4, frames);
    inner = make_map(net, s.small[1], DR_MELS / 4, frames);
    run_block(net, &net->block[2], &y, &x, &inner, s.work);
    run_block(net, &net->block[3], &y, &y, &inner, s.work);

    struct dr_map last = make_map(net, s.small[0], DR_MELS / 8, frames);
    dr_winograd_conv_run(net->kernels, &net->last, &last, &y, NULL, s.work);
    dr_map_columns(&last, net->kernels, out);
}
