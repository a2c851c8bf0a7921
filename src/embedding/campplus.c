/* campplus.c - the embedding network: what a voice sounds like.
 * SPDX-License-Identifier: MIT
 *
 * Layouts: 2-D maps are [mel + 2][time + 2][32] with a border of zeros, so that a 3x3 convolution
 * of one mel row is one GEMM with three taps; dense blocks are [column][1024], to whose end each
 * layer appends its 32 channels. Every batch norm that follows a convolution is folded into it; the
 * one before a dense layer cannot be, as each layer has its own for the same channels. */
#include "embedding/campplus.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "types.h"

enum {
    MAP_CHANNELS = 32,
    HEAD_MELS = DR_MELS / 8, /* after three strides of 2 */
    TDNN_INPUTS = MAP_CHANNELS * HEAD_MELS,
    TDNN_LENGTH = 5,
    TDNN_PAD = 2,
    TDNN_CHANNELS = 128,
    GROWTH = 32,
    BOTTLENECK = 128,
    CONTEXT = BOTTLENECK / 2,
    BLOCKS = 3,
    MAX_LAYERS = 24,
    MAX_CHANNELS = 1024,
    MAX_COLUMNS = (DR_CAMPPLUS_MAX_FRAMES + 1) / 2,
    MAX_DILATION = 2,
    SEGMENT = 100, /* columns that share one context */
    MAX_SEGMENTS = (MAX_COLUMNS + SEGMENT - 1) / SEGMENT
};

static const struct block_shape {
    int num_layers, dilation, channels; /* channels that enter the block */
} block_shapes[BLOCKS] = {{12, 1, 128}, {24, 2, 256}, {16, 2, 512}};

/* conv 3x3 (stride in mel), ReLU, conv 3x3, plus the input or its 1x1 projection, ReLU */
struct residual_block {
    struct dr_linear conv[2];
    struct dr_linear shortcut; /* packed NULL: the input itself */
    int stride;
};

/* One densely connected layer: BN, ReLU, 1x1 -> 128, BN, ReLU, conv of 3 -> 32, times the mask made
 * from the mean of the 128 channels over the segment and over everything. */
struct dense_layer {
    struct dr_affine norm;
    struct dr_linear bottleneck, local, context_in, context_out;
};

struct dr_campplus {
    const struct dr_kernels *kernels;
    struct dr_linear map_in, map_out;
    struct residual_block residual[4];
    struct dr_linear tdnn;
    struct dense_layer dense[BLOCKS][MAX_LAYERS];
    struct dr_affine transit_norm[BLOCKS];
    struct dr_linear transit[BLOCKS]; /* the last one with the output's batch norm folded in */
    struct dr_linear head;
};

/* ---- loading ---- */

/* A convolution of `channels` with 3x3 or 1x1 taps and the batch norm that follows it. */
static struct dr_linear load_map(struct dr_loader *loader, const char *conv, const char *norm,
                                 unsigned channels, unsigned kernel) {
    struct dr_conv_shape shape = {MAP_CHANNELS, channels, kernel, kernel, 4, kernel};
    struct dr_affine affine = dr_load_batch_norm(loader, norm, MAP_CHANNELS, 1);
    return dr_load_conv(loader, conv, &shape, 0, &affine);
}

static void load_residual(struct dr_campplus *net, struct dr_loader *loader) {
    char conv[96], norm[96];
    for (int i = 0; i < 4; i++) {
        struct residual_block *block = &net->residual[i];
        block->stride = i % 2 == 0 ? 2 : 1;
        for (int j = 0; j < 2; j++) {
            const char *base = "embedding.head.layer";
            snprintf(conv, sizeof conv, "%s%d.%d.conv%d", base, i / 2 + 1, i % 2, j + 1);
            snprintf(norm, sizeof norm, "%s%d.%d.bn%d", base, i / 2 + 1, i % 2, j + 1);
            block->conv[j] = load_map(loader, conv, norm, MAP_CHANNELS, 3);
        }
        if (block->stride == 2) {
            snprintf(conv, sizeof conv, "embedding.head.layer%d.0.shortcut.0", i / 2 + 1);
            snprintf(norm, sizeof norm, "embedding.head.layer%d.0.shortcut.1", i / 2 + 1);
            block->shortcut = load_map(loader, conv, norm, MAP_CHANNELS, 1);
        }
    }
}

/* PyTorch flattens the map as channel * 10 + mel; ours lies as mel * 32 + channel. */
static struct dr_linear load_tdnn(struct dr_loader *loader) {
    const char *name = "embedding.xvector.tdnn";
    struct dr_affine norm =
        dr_load_batch_norm(loader, "embedding.xvector.tdnn.nonlinear.batchnorm", TDNN_CHANNELS, 1);
    const float *weight = dr_load_tensor(loader, name, ".linear.weight", 3, TDNN_CHANNELS,
                                         TDNN_INPUTS, TDNN_LENGTH, 0);
    struct dr_arena scratch = {NULL};
    size_t depth = (size_t)TDNN_LENGTH * TDNN_INPUTS;
    float *rows = dr_arena_alloc(&scratch, TDNN_CHANNELS * depth, sizeof *rows);
    struct dr_linear linear = {0};
    if (!rows && !loader->err.status)
        dr_fail_memory(&loader->err);
    if (!loader->err.status) {
        for (int j = 0; j < TDNN_CHANNELS; j++)
            for (int t = 0; t < TDNN_LENGTH; t++)
                for (int mel = 0; mel < HEAD_MELS; mel++)
                    for (int c = 0; c < MAP_CHANNELS; c++)
                        rows[(j * TDNN_LENGTH + t) * TDNN_INPUTS + mel * MAP_CHANNELS + c] =
                            weight[(j * TDNN_INPUTS + c * HEAD_MELS + mel) * TDNN_LENGTH + t] *
                            norm.scale[j];
        linear = dr_pack_linear(loader, rows, norm.shift, 1, depth, TDNN_CHANNELS);
    }
    dr_arena_free(&scratch);
    return linear;
}

static void load_dense(struct dense_layer *layer, struct dr_loader *loader, int block, int i) {
    char prefix[96], name[160];
    unsigned channels = (unsigned)(block_shapes[block].channels + i * GROWTH);
    const struct dr_conv_shape bottleneck = {BOTTLENECK, channels, 1, 1, 3, 1};
    const struct dr_conv_shape local = {GROWTH, BOTTLENECK, 3, 1, 3, 3};
    const struct dr_conv_shape context_in = {CONTEXT, BOTTLENECK, 1, 1, 3, 1};
    const struct dr_conv_shape context_out = {GROWTH, CONTEXT, 1, 1, 3, 1};
    snprintf(prefix, sizeof prefix, "embedding.xvector.block%d.tdnnd%d", block + 1, i + 1);
#define NAME(suffix) (snprintf(name, sizeof name, "%s.%s", prefix, suffix), name)
    layer->norm = dr_load_batch_norm(loader, NAME("nonlinear1.batchnorm"), channels, 1);
    struct dr_affine inner =
        dr_load_batch_norm(loader, NAME("nonlinear2.batchnorm"), BOTTLENECK, 1);
    layer->bottleneck = dr_load_conv(loader, NAME("linear1"), &bottleneck, 0, &inner);
    layer->local = dr_load_conv(loader, NAME("cam_layer.linear_local"), &local, 0, NULL);
    layer->context_in = dr_load_conv(loader, NAME("cam_layer.linear1"), &context_in, 1, NULL);
    layer->context_out = dr_load_conv(loader, NAME("cam_layer.linear2"), &context_out, 1, NULL);
#undef NAME
}

static void load_blocks(struct dr_campplus *net, struct dr_loader *loader) {
    char name[96];
    struct dr_affine out =
        dr_load_batch_norm(loader, "embedding.xvector.out_nonlinear.batchnorm", DR_COLUMN_DIM, 1);
    for (int b = 0; b < BLOCKS; b++) {
        int layers = block_shapes[b].num_layers;
        unsigned channels = (unsigned)(block_shapes[b].channels + layers * GROWTH);
        const struct dr_conv_shape transit = {channels / 2, channels, 1, 1, 3, 1};
        for (int i = 0; i < layers; i++)
            load_dense(&net->dense[b][i], loader, b, i);
        snprintf(name, sizeof name, "embedding.xvector.transit%d.nonlinear.batchnorm", b + 1);
        net->transit_norm[b] = dr_load_batch_norm(loader, name, channels, 1);
        snprintf(name, sizeof name, "embedding.xvector.transit%d.linear", b + 1);
        net->transit[b] = dr_load_conv(loader, name, &transit, 0, b + 1 == BLOCKS ? &out : NULL);
    }
}

struct dr_campplus *dr_campplus_load(struct dr_loader *loader, const struct dr_kernels *kernels) {
    struct dr_campplus *net = dr_arena_zalloc(loader->arena, 1, sizeof *net);
    if (!net) {
        dr_fail_memory(&loader->err);
        return NULL;
    }
    const struct dr_conv_shape head = {DR_EMBEDDING_DIM, 2 * DR_COLUMN_DIM, 1, 1, 3, 1};
    net->kernels = kernels;
    net->map_in = load_map(loader, "embedding.head.conv1", "embedding.head.bn1", 1, 3);
    load_residual(net, loader);
    net->map_out = load_map(loader, "embedding.head.conv2", "embedding.head.bn2", MAP_CHANNELS, 3);
    net->tdnn = load_tdnn(loader);
    load_blocks(net, loader);
    struct dr_affine norm = dr_load_batch_norm(
        loader, "embedding.xvector.dense.nonlinear.batchnorm", DR_EMBEDDING_DIM, 0);
    net->head = dr_load_conv(loader, "embedding.xvector.dense.linear", &head, 0, &norm);
    return loader->err.status ? NULL : net;
}

/* ---- running ---- */

/* A 2-D map: rows of mels with a border of one zero on each side of mels and time. */
struct map {
    float *data; /* [mels + 2][frames + 2][channels] */
    size_t mels, frames, channels;
};

static size_t map_floats(size_t mels, size_t frames, size_t channels) {
    return DR_PADDED((mels + 2) * (frames + 2) * channels);
}

static size_t map_row(const struct map *map) {
    return (map->frames + 2) * map->channels;
}

static struct map make_map(float *data, size_t mels, size_t frames, size_t channels) {
    struct map map = {data, mels, frames, channels};
    size_t row = map_row(&map);
    memset(data, 0, row * sizeof *data);
    memset(data + (mels + 1) * row, 0, row * sizeof *data);
    for (size_t m = 1; m <= mels; m++) {
        memset(data + m * row, 0, channels * sizeof *data);
        memset(data + (m + 1) * row - channels, 0, channels * sizeof *data);
    }
    return map;
}

/* 3x3 convolution with `stride` over mels into `out`, whose borders stay zero. */
static void convolve_map(const struct dr_campplus *net, const struct dr_linear *conv,
                         const struct map *out, const struct map *in, size_t stride,
                         const struct map *residual) {
    size_t in_row = map_row(in), out_row = map_row(out);
    for (size_t m = 0; m < out->mels; m++) {
        size_t interior = (m + 1) * out_row + out->channels;
        dr_linear_run(net->kernels, conv, in->data + m * stride * in_row, (ptrdiff_t)in->channels,
                      (ptrdiff_t)in_row, out->data + interior, (ptrdiff_t)out->channels,
                      out->frames, DR_RELU, residual ? residual->data + interior : NULL,
                      (ptrdiff_t)out->channels);
    }
}

/* 1x1 convolution with stride 2 over mels. */
static void project_map(const struct dr_campplus *net, const struct dr_linear *conv,
                        const struct map *out, const struct map *in) {
    size_t in_row = map_row(in), out_row = map_row(out);
    for (size_t m = 0; m < out->mels; m++)
        dr_linear_run(net->kernels, conv, in->data + (2 * m + 1) * in_row + in->channels,
                      (ptrdiff_t)in->channels, 0, out->data + (m + 1) * out_row + out->channels,
                      (ptrdiff_t)out->channels, out->frames, DR_LINEAR, NULL, 0);
}

/* in -> out, by way of `inner` and, when the block strides, `projected`; all four differ. */
static void run_residual(const struct dr_campplus *net, const struct residual_block *block,
                         const struct map *out, const struct map *in, const struct map *inner,
                         const struct map *projected) {
    convolve_map(net, &block->conv[0], inner, in, (size_t)block->stride, NULL);
    if (block->stride == 2)
        project_map(net, &block->shortcut, projected, in);
    convolve_map(net, &block->conv[1], out, inner, 1, block->stride == 2 ? projected : in);
}

/* features[frames][80] -> tdnn_in[frames + 4][320], with two rows of zeros at both ends. */
static void run_maps(const struct dr_campplus *net, float *tdnn_in, const float *features,
                     size_t frames, float *scratch) {
    float *big = scratch;
    float *small[3];
    small[0] = big + map_floats(DR_MELS, frames, MAP_CHANNELS);
    for (int i = 1; i < 3; i++)
        small[i] = small[i - 1] + map_floats(DR_MELS / 2, frames, MAP_CHANNELS);
    /* The single-channel input lies where the second small map will be. */
    struct map input = make_map(small[1], DR_MELS, frames, 1);
    for (size_t t = 0; t < frames; t++)
        for (size_t m = 0; m < DR_MELS; m++)
            input.data[(m + 1) * (frames + 2) + t + 1] = features[t * DR_MELS + m];
    struct map first = make_map(big, DR_MELS, frames, MAP_CHANNELS);
    convolve_map(net, &net->map_in, &first, &input, 1, NULL);

    struct map a = make_map(small[0], DR_MELS / 2, frames, MAP_CHANNELS);
    struct map b = make_map(small[1], DR_MELS / 2, frames, MAP_CHANNELS);
    struct map c = make_map(small[2], DR_MELS / 2, frames, MAP_CHANNELS);
    run_residual(net, &net->residual[0], &c, &first, &a, &b);
    run_residual(net, &net->residual[1], &b, &c, &a, NULL);
    struct map d = make_map(big, DR_MELS / 4, frames, MAP_CHANNELS);
    struct map e = make_map(small[0], DR_MELS / 4, frames, MAP_CHANNELS);
    struct map f = make_map(small[2], DR_MELS / 4, frames, MAP_CHANNELS);
    run_residual(net, &net->residual[2], &f, &b, &d, &e);
    struct map g = make_map(small[1], DR_MELS / 4, frames, MAP_CHANNELS);
    run_residual(net, &net->residual[3], &g, &f, &d, NULL);

    memset(tdnn_in, 0, TDNN_PAD * TDNN_INPUTS * sizeof *tdnn_in);
    memset(tdnn_in + (frames + TDNN_PAD) * TDNN_INPUTS, 0,
           TDNN_PAD * TDNN_INPUTS * sizeof *tdnn_in);
    for (size_t m = 0; m < HEAD_MELS; m++)
        dr_linear_run(net->kernels, &net->map_out, g.data + 2 * m * map_row(&g), MAP_CHANNELS,
                      (ptrdiff_t)map_row(&g), tdnn_in + TDNN_PAD * TDNN_INPUTS + m * MAP_CHANNELS,
                      TDNN_INPUTS, frames, DR_RELU, NULL, 0);
}

/* mask[segments][32] = sigmoid(W2 relu(W1 (mean over everything + mean over the segment))) */
static void make_masks(const struct dr_campplus *net, const struct dense_layer *layer, float *mask,
                       const float *hidden, size_t columns) {
    float sums[MAX_SEGMENTS * BOTTLENECK], context[MAX_SEGMENTS * CONTEXT];
    float whole[BOTTLENECK];
    size_t segments = (columns + SEGMENT - 1) / SEGMENT;
    memset(sums, 0, segments * BOTTLENECK * sizeof *sums);
    memset(whole, 0, sizeof whole);
    for (size_t s = 0; s < segments; s++) {
        size_t first = s * SEGMENT;
        size_t n = columns - first < SEGMENT ? columns - first : SEGMENT;
        float *sum = sums + s * BOTTLENECK;
        net->kernels->add_rows(sum, hidden + first * BOTTLENECK, BOTTLENECK, n, BOTTLENECK);
        for (int j = 0; j < BOTTLENECK; j++) {
            whole[j] += sum[j];
            sum[j] /= (float)n;
        }
    }
    for (size_t s = 0; s < segments; s++)
        for (int j = 0; j < BOTTLENECK; j++)
            sums[s * BOTTLENECK + j] += whole[j] / (float)columns;
    dr_linear_run(net->kernels, &layer->context_in, sums, BOTTLENECK, 0, context, CONTEXT, segments,
                  DR_RELU, NULL, 0);
    dr_linear_run(net->kernels, &layer->context_out, context, CONTEXT, 0, mask, GROWTH, segments,
                  DR_LINEAR, NULL, 0);
    for (size_t i = 0; i < segments * GROWTH; i++)
        mask[i] = 1.0f / (1.0f + expf(-mask[i]));
}

/* Appends 32 channels at x[column][channels .. channels + 31]. panel: [columns][MAX_CHANNELS];
 * hidden: [columns + 2 * MAX_DILATION][128]. */
static void run_dense(const struct dr_campplus *net, const struct dense_layer *layer, float *x,
                      size_t ld, size_t channels, size_t columns, size_t dilation, float *panel,
                      float *hidden) {
    const struct dr_kernels *k = net->kernels;
    float mask[MAX_SEGMENTS * GROWTH];
    float *inner = hidden + dilation * BOTTLENECK;
    memset(hidden, 0, dilation * BOTTLENECK * sizeof *hidden);
    memset(inner + columns * BOTTLENECK, 0, dilation * BOTTLENECK * sizeof *hidden);
    k->scale_shift_relu(panel, (ptrdiff_t)channels, x, (ptrdiff_t)ld, layer->norm.scale,
                        layer->norm.shift, columns, channels);
    dr_linear_run(k, &layer->bottleneck, panel, (ptrdiff_t)channels, 0, inner, BOTTLENECK, columns,
                  DR_RELU, NULL, 0);
    dr_linear_run(k, &layer->local, hidden, BOTTLENECK, (ptrdiff_t)(dilation * BOTTLENECK),
                  x + channels, (ptrdiff_t)ld, columns, DR_LINEAR, NULL, 0);
    make_masks(net, layer, mask, inner, columns);
    for (size_t first = 0, s = 0; first < columns; first += SEGMENT, s++) {
        size_t n = columns - first < SEGMENT ? columns - first : SEGMENT;
        k->scale_columns(x + first * ld + channels, (ptrdiff_t)ld, mask + s * GROWTH, n, GROWTH);
    }
}

size_t dr_campplus_trunk_scratch(void) {
    size_t frames = DR_CAMPPLUS_MAX_FRAMES;
    size_t maps = map_floats(DR_MELS, frames, MAP_CHANNELS) +
                  3 * map_floats(DR_MELS / 2, frames, MAP_CHANNELS);
    size_t dense =
        (size_t)MAX_COLUMNS * MAX_CHANNELS * 3 + (MAX_COLUMNS + 2 * MAX_DILATION) * BOTTLENECK;
    return (frames + 2 * TDNN_PAD) * TDNN_INPUTS + (maps > dense ? maps : dense);
}

void dr_campplus_trunk(const struct dr_campplus *net, float *columns, const float *features,
                       size_t num_frames, float *scratch) {
    size_t n = (num_frames + 1) / 2;
    float *tdnn_in = scratch;
    float *rest = scratch + (num_frames + 2 * TDNN_PAD) * TDNN_INPUTS;
    run_maps(net, tdnn_in, features, num_frames, rest);

    float *x = rest, *next = x + n * MAX_CHANNELS, *panel = next + n * MAX_CHANNELS;
    float *hidden = panel + n * MAX_CHANNELS;
    size_t ld = (size_t)(block_shapes[0].channels + block_shapes[0].num_layers * GROWTH);
    dr_linear_run(net->kernels, &net->tdnn, tdnn_in, 2 * TDNN_INPUTS, 0, x, (ptrdiff_t)ld, n,
                  DR_RELU, NULL, 0);
    for (int b = 0; b < BLOCKS; b++) {
        const struct block_shape *shape = &block_shapes[b];
        size_t channels = (size_t)shape->channels;
        for (int i = 0; i < shape->num_layers; i++, channels += GROWTH)
            run_dense(net, &net->dense[b][i], x, ld, channels, n, (size_t)shape->dilation, panel,
                      hidden);
        int last = b + 1 == BLOCKS;
        size_t next_ld =
            last ? DR_COLUMN_DIM
                 : (size_t)(block_shapes[b + 1].channels + block_shapes[b + 1].num_layers * GROWTH);
        net->kernels->scale_shift_relu(panel, (ptrdiff_t)channels, x, (ptrdiff_t)ld,
                                       net->transit_norm[b].scale, net->transit_norm[b].shift, n,
                                       channels);
        dr_linear_run(net->kernels, &net->transit[b], panel, (ptrdiff_t)channels, 0,
                      last ? columns : next, (ptrdiff_t)next_ld, n, last ? DR_RELU : DR_LINEAR,
                      NULL, 0);
        float *swap = x;
        x = next;
        next = swap;
        ld = next_ld;
    }
}

void dr_campplus_head(const struct dr_campplus *net, float *embedding, const float *statistics,
                      size_t n) {
    dr_linear_run(net->kernels, &net->head, statistics, 2 * DR_COLUMN_DIM, 0, embedding,
                  DR_EMBEDDING_DIM, n, DR_RELU, NULL, 0);
}
