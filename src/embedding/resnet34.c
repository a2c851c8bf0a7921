/* resnet34.c - the embedding network of community-1: what a voice sounds like.
 * SPDX-License-Identifier: MIT
 *
 * Every batch norm is folded into the convolution before it. Convolutions without a stride run as
 * Winograd's (winograd_conv.h), the others as matrix products whose rows overlap. In 16 bits a
 * map has one unit, and lies in memory as halves: maps of 10 s do not fit into a cache, and what
 * moves them takes as long as what computes. */
#include "embedding/resnet34.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "embedding/direct_conv.h"
#include "embedding/pooling.h"
#include "embedding/winograd_conv.h"
#include "types.h"

enum {
    LAYERS = 4,
    MAX_BLOCKS = 6,
    FIRST_CHANNELS = 32,
    LAST_CHANNELS = FIRST_CHANNELS << (LAYERS - 1),
    MAP_MELS = DR_RESNET34_MAP_MELS,
    TILE = DR_WINOGRAD_TILE,
    HALF = DR_RESNET34_COLUMN_DIM, /* means, or deviations */
    STATISTICS = 2 * HALF
};

static const int num_blocks[LAYERS] = {3, 4, 6, 3};

/* conv, ReLU, conv, plus the input or its projection, ReLU */
struct residual_block {
    struct dr_winograd_conv conv[2]; /* where the block strides, the first one is not there, */
    struct dr_direct_conv strided, shortcut; /* but these are */
};

struct dr_resnet34 {
    const struct dr_kernels *kernels;
    enum dr_precision precision;
    struct dr_direct_conv first;
    struct residual_block block[LAYERS][MAX_BLOCKS];
    struct dr_linear head;
};

/* ---- loading ---- */

static size_t channels_of(int layer) {
    return (size_t)FIRST_CHANNELS << layer;
}

static void load_block(struct residual_block *block, struct dr_loader *loader, int layer, int i) {
    const unsigned n = (unsigned)channels_of(layer);
    char name[2][96];
#define NAMES(conv, norm)                                                                     \
    (snprintf(name[0], sizeof name[0], "embedding.resnet.layer%d.%d.%s", layer + 1, i, conv), \
     snprintf(name[1], sizeof name[1], "embedding.resnet.layer%d.%d.%s", layer + 1, i, norm))
    NAMES("conv1", "bn1");
    if (layer && !i) {
        block->strided =
            dr_direct_conv_load(loader, name[0], name[1], n, n / 2, 3, loader->precision);
        NAMES("shortcut.0", "shortcut.1");
        block->shortcut =
            dr_direct_conv_load(loader, name[0], name[1], n, n / 2, 1, loader->precision);
    } else {
        block->conv[0] = dr_winograd_conv_load(loader, name[0], name[1], n, 1);
    }
    NAMES("conv2", "bn2");
    block->conv[1] = dr_winograd_conv_load(loader, name[0], name[1], n, 1);
#undef NAMES
}

/* PyTorch flattens a column as channel * 10 + mel; ours lies as mel * 256 + channel. */
static struct dr_linear load_head(struct dr_loader *loader) {
    const char *name = "embedding.resnet.seg_1";
    const float *weight =
        dr_load_tensor(loader, name, ".weight", 2, DR_RESNET34_DIM, STATISTICS, 0, 0);
    const float *bias = dr_load_tensor(loader, name, ".bias", 1, DR_RESNET34_DIM, 0, 0, 0);
    float *rows = dr_loader_scratch(loader, (size_t)DR_RESNET34_DIM * STATISTICS);
    if (loader->err.status)
        return (struct dr_linear){0};
    for (size_t j = 0; j < 2 * DR_RESNET34_DIM; j++) /* means, deviations of each output */
        for (size_t mel = 0; mel < MAP_MELS; mel++)
            for (size_t c = 0; c < LAST_CHANNELS; c++)
                rows[j * HALF + mel * LAST_CHANNELS + c] = weight[j * HALF + c * MAP_MELS + mel];
    return dr_pack_linear(loader, rows, bias, STATISTICS, DR_RESNET34_DIM, DR_PACKING_FLOAT);
}

struct dr_resnet34 *dr_resnet34_load(struct dr_loader *loader, const struct dr_kernels *kernels) {
    struct dr_resnet34 *net = dr_arena_zalloc(loader->arena, 1, sizeof *net);
    if (!net) {
        dr_fail_memory(&loader->err);
        return NULL;
    }
    net->kernels = kernels;
    net->precision = loader->precision;
    net->first = dr_direct_conv_load(loader, "embedding.resnet.conv1", "embedding.resnet.bn1",
                                     FIRST_CHANNELS, 1, 3, DR_FLOAT32);
    for (int layer = 0; layer < LAYERS; layer++)
        for (int i = 0; i < num_blocks[layer]; i++)
            load_block(&net->block[layer][i], loader, layer, i);
    net->head = load_head(loader);
    return loader->err.status ? NULL : net;
}

/* ---- trunk ---- */

/* Frames of a layer's maps. */
static size_t frames_of(int layer, size_t num_frames) {
    for (int i = 0; i < layer; i++)
        num_frames = (num_frames + 1) / 2;
    return num_frames;
}

static size_t layer_floats(int layer, size_t num_frames) {
    return dr_map_elements(TILE, (size_t)DR_MELS >> layer, frames_of(layer, num_frames),
                           channels_of(layer));
}

static struct dr_map layer_map(const struct dr_resnet34 *net, float *data, int layer,
                               size_t num_frames) {
    const size_t mels = (size_t)DR_MELS >> layer, frames = frames_of(layer, num_frames);
    if (net->precision == DR_INT16)
        return dr_map_make_narrow((dr_half *)(void *)data, TILE, mels, frames, channels_of(layer));
    return dr_map_make(data, TILE, mels, frames, channels_of(layer));
}

size_t dr_resnet34_num_columns(size_t num_frames) {
    return frames_of(LAYERS - 1, num_frames);
}

/* Scratch of one call, floats. A layer has two maps: what goes from block to block, and what is
 * inside one. Those of the first layer take a part each, those of the others share one, the other
 * part than the layer before. */
struct scratch {
    float *part[2];
    float *work;
};

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* A row of a layer's maps, and three in 16 bits. */
static size_t strided_scratch(int layer, size_t num_frames) {
    const size_t row = dr_map_row(TILE, frames_of(layer, num_frames), channels_of(layer));
    return row + 3 * row / 2;
}

static size_t lay_out(struct scratch *s, float *base, size_t num_frames) {
    size_t part[2] = {layer_floats(0, num_frames), layer_floats(0, num_frames)}, work = 0;
    for (int layer = 0; layer < LAYERS; layer++) {
        if (layer)
            part[layer % 2] = larger(part[layer % 2], 2 * layer_floats(layer, num_frames));
        work = larger(work, dr_winograd_conv_scratch(channels_of(layer)));
        work = larger(work, strided_scratch(layer, num_frames));
    }
    if (s)
        *s = (struct scratch){{base, base + part[0]}, base + part[0] + part[1]};
    return part[0] + part[1] + work;
}

size_t dr_resnet34_trunk_scratch(size_t max_frames) {
    return lay_out(NULL, NULL, max_frames);
}

/* The first half of a block that strides: in -> inner and, projected, out. */
static void run_strided(const struct dr_resnet34 *net, const struct residual_block *block,
                        const struct dr_map *out, const struct dr_map *inner,
                        const struct dr_map *in) {
    const ptrdiff_t lda = 2 * (ptrdiff_t)in->channels, ldc = (ptrdiff_t)out->channels;
    for (size_t m = 0; m < out->mels; m++) {
        dr_linear_run(net->kernels, &block->strided.linear, in->data + 2 * m * in->row, lda,
                      (ptrdiff_t)in->row, dr_map_interior(inner, m), ldc, out->frames, DR_RELU,
                      NULL, 0);
        dr_linear_run(net->kernels, &block->shortcut.linear, dr_map_interior(in, 2 * m), lda, 0,
                      dr_map_interior(out, m), ldc, out->frames, DR_LINEAR, NULL, 0);
    }
}

/* The same in 16 bits, by way of a row of what goes in or comes out, and of three as integers. */
static void run_strided16(const struct dr_resnet34 *net, const struct residual_block *block,
                          struct dr_map *out, struct dr_map *inner, const struct dr_map *in,
                          float *work) {
    const struct dr_kernels *k = net->kernels;
    const size_t row = in->row, longest = larger(row, out->row);
    const ptrdiff_t lda = 2 * (ptrdiff_t)in->channels, ldc = (ptrdiff_t)out->channels;
    const float unit = in->max / DR_ACTIVATION_MAX, per_unit = unit > 0.0f ? 1.0f / unit : 0.0f;
    float *line = work;
    int16_t *rows = (int16_t *)(void *)(work + longest);
    dr_map_set_unit(inner, &block->strided.gain, in->max, 0.0f);
    dr_map_set_unit(out, &block->shortcut.gain, in->max, 0.0f);
    for (size_t m = 0; m < out->mels; m++) {
        for (size_t r = 0; r < 3; r++) {
            k->from_half(line, in->narrow + (2 * m + r) * row, in->unit, row);
            k->quantize(rows + r * row, 0, line, 0, per_unit, 1, row);
        }
        dr_linear_run16(k, &block->strided.linear, rows, lda, (ptrdiff_t)row, unit, NULL, line, ldc,
                        out->frames, DR_RELU);
        dr_map_narrow_row(inner, k, m, line);
        dr_linear_run16(k, &block->shortcut.linear, rows + row + in->channels, lda, 0, unit, NULL,
                        line, ldc, out->frames, DR_LINEAR);
        dr_map_narrow_row(out, k, m, line);
    }
}

void dr_resnet34_trunk(const struct dr_resnet34 *net, float *columns, const float *features,
                       size_t num_frames, float *scratch) {
    struct scratch s;
    lay_out(&s, scratch, num_frames);
    struct dr_map x = layer_map(net, s.part[0], 0, num_frames);
    dr_direct_conv_first(net->kernels, &net->first, &x, features, s.part[1], s.work);
    struct dr_map inner = layer_map(net, s.part[1], 0, num_frames);
    for (int layer = 0; layer < LAYERS; layer++)
        for (int i = 0; i < num_blocks[layer]; i++) {
            const struct residual_block *block = &net->block[layer][i];
            if (layer && !i) {
                const struct dr_map in = x;
                float *part = s.part[layer % 2];
                inner = layer_map(net, part, layer, num_frames);
                x = layer_map(net, part + layer_floats(layer, num_frames), layer, num_frames);
                if (net->precision == DR_INT16)
                    run_strided16(net, block, &x, &inner, &in, s.work);
                else
                    run_strided(net, block, &x, &inner, &in);
            } else {
                dr_winograd_conv_run(net->kernels, &block->conv[0], &inner, &x, NULL, s.work);
            }
            dr_winograd_conv_run(net->kernels, &block->conv[1], &x, &inner, &x, s.work);
        }
    dr_map_columns(&x, net->kernels, columns);
}

/* ---- head ---- */

void dr_resnet34_mask(unsigned char *keep, size_t num, float first, const unsigned char *mask,
                      size_t mask_frames, size_t span) {
    const float scale =
        (float)mask_frames / (float)span; /* PyTorch finds them in single precision */
    for (size_t t = 0; t < num; t++) {
        const size_t at = (size_t)floorf(((float)t + first) * scale);
        keep[t] = mask[at < mask_frames ? at : mask_frames - 1] != 0;
    }
}

size_t dr_resnet34_voices_scratch(size_t num_voices) {
    return STATISTICS * sizeof(double) / sizeof(float) + num_voices * STATISTICS;
}

/* With weights of 0 and 1, of which n are 1, pyannote.audio's sums v1 and v2 are both n: the mean
 * is sum / (n + 1e-8), the variance sum of squared differences / (n - 1 + 1e-8). What 1e-8 changes
 * is what happens to n = 0, nothing but zeros, and to n = 1, where the differences are zeros. */
void dr_resnet34_voices(const struct dr_resnet34 *net, float *embeddings, const float *columns,
                        size_t num_columns, const unsigned char *keep, size_t num_voices,
                        float *scratch) {
    double *sums = (double *)(void *)scratch;
    float *statistics = (float *)(sums + STATISTICS);
    for (size_t i = 0; i < num_voices; i++) {
        struct dr_pooled pooled = {HALF, sums, sums + HALF, 0};
        memset(sums, 0, STATISTICS * sizeof *sums);
        dr_pooled_add(&pooled, net->kernels, columns, keep + i * num_columns, num_columns);
        dr_pooled_statistics(statistics + i * STATISTICS, &pooled);
    }
    dr_resnet34_head(net, embeddings, statistics, num_voices);
}

void dr_resnet34_head(const struct dr_resnet34 *net, float *embeddings, const float *statistics,
                      size_t num) {
    dr_linear_run(net->kernels, &net->head, statistics, STATISTICS, 0, embeddings, DR_RESNET34_DIM,
                  num, DR_LINEAR, NULL, 0);
}
