/* campplus.c - the embedding network: what a voice sounds like.
 * SPDX-License-Identifier: MIT
 *
 * Layout: dense blocks are [column][1024], to whose end each layer appends its 32 channels. Every
 * batch norm that follows a convolution is folded into it; the one before a dense layer cannot be,
 * as each layer has its own for the same channels. In 16 bits each column is quantised in a unit of
 * its own before a product over channels, and all columns in one unit before a convolution. */
#include "embedding/campplus.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "embedding/residual_maps.h"
#include "types.h"

enum {
    MAP_CHANNELS = 32,
    TDNN_INPUTS = DR_MAPS_FEATURES,
    HEAD_MELS = TDNN_INPUTS / MAP_CHANNELS,
    TDNN_LENGTH = 5,
    TDNN_PAD = 2,
    TDNN_CHANNELS = 128,
    GROWTH = 32,
    BOTTLENECK = DR_CAMPPLUS_BOTTLENECK,
    CONTEXT = BOTTLENECK / 2,
    BLOCKS = 3,
    MAX_LAYERS = 24,
    MAX_CHANNELS = 1024,
    MAX_COLUMNS = (DR_CAMPPLUS_MAX_FRAMES + 1) / 2,
    MAX_DILATION = DR_CAMPPLUS_MAX_DILATION,
    PANEL_COLUMNS = 54, /* of a product at a time: with its weights they stay in L2 */
    SEGMENT = 100,      /* columns that share one context */
    MAX_SEGMENTS = (MAX_COLUMNS + SEGMENT - 1) / SEGMENT
};

static const struct block_shape {
    int num_layers, dilation, channels; /* channels that enter the block */
} block_shapes[BLOCKS] = {{12, 1, 128}, {24, 2, 256}, {16, 2, 512}};

/* One densely connected layer: BN, ReLU, 1x1 -> 128, BN, ReLU, conv of 3 -> 32, times the mask made
 * from the mean of the 128 channels over the segment and over everything. */
struct dense_layer {
    struct dr_affine norm;
    struct dr_linear bottleneck, local, context_in, context_out;
};

struct dr_campplus {
    const struct dr_kernels *kernels;
    enum dr_precision precision;
    struct dr_residual_maps *maps;
    struct dr_linear tdnn;
    struct dense_layer dense[BLOCKS][MAX_LAYERS];
    struct dr_affine transit_norm[BLOCKS];
    struct dr_linear transit[BLOCKS]; /* the last one with the output's batch norm folded in */
    struct dr_linear head;
};

/* ---- loading ---- */

/* PyTorch flattens the map as channel * 10 + mel; ours lies as mel * 32 + channel. */
static struct dr_linear load_tdnn(struct dr_loader *loader) {
    const char *name = "embedding.xvector.tdnn";
    struct dr_affine norm =
        dr_load_batch_norm(loader, "embedding.xvector.tdnn.nonlinear.batchnorm", TDNN_CHANNELS, 1);
    const float *weight = dr_load_tensor(loader, name, ".linear.weight", 3, TDNN_CHANNELS,
                                         TDNN_INPUTS, TDNN_LENGTH, 0);
    const size_t depth = (size_t)TDNN_LENGTH * TDNN_INPUTS;
    float *rows = dr_loader_scratch(loader, TDNN_CHANNELS * depth);
    if (!rows)
        return (struct dr_linear){0};
    for (int j = 0; j < TDNN_CHANNELS; j++)
        for (int t = 0; t < TDNN_LENGTH; t++)
            for (int mel = 0; mel < HEAD_MELS; mel++)
                for (int c = 0; c < MAP_CHANNELS; c++)
                    rows[(j * TDNN_LENGTH + t) * TDNN_INPUTS + mel * MAP_CHANNELS + c] =
                        weight[(j * TDNN_INPUTS + c * HEAD_MELS + mel) * TDNN_LENGTH + t] *
                        norm.scale[j];
    const struct dr_packing packing = {loader->precision, TDNN_LENGTH, 1, DR_ACTIVATION_MAX};
    return dr_pack_linear(loader, rows, norm.shift, depth, TDNN_CHANNELS, packing);
}

/* A product over `channels` in the network's precision. */
static struct dr_packing packing_of(const struct dr_loader *loader, size_t channels) {
    return loader->precision == DR_INT16 ? dr_packing16(channels) : DR_PACKING_FLOAT;
}

static void load_dense(struct dense_layer *layer, struct dr_loader *loader, int block, int i) {
    char prefix[96], name[160];
    unsigned channels = (unsigned)(block_shapes[block].channels + i * GROWTH);
    const struct dr_conv_shape bottleneck = {BOTTLENECK, channels, 1,
                                             1,          3,        packing_of(loader, channels)};
    const struct dr_packing taps = {loader->precision, 3, 3, DR_ACTIVATION_MAX};
    const struct dr_conv_shape local = {GROWTH, BOTTLENECK, 3, 1, 3, taps};
    const struct dr_conv_shape context_in = {CONTEXT, BOTTLENECK, 1, 1, 3, DR_PACKING_FLOAT};
    const struct dr_conv_shape context_out = {GROWTH, CONTEXT, 1, 1, 3, DR_PACKING_FLOAT};
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
        const struct dr_conv_shape transit = {
            channels / 2, channels, 1, 1, 3, packing_of(loader, channels)};
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
    const struct dr_conv_shape head = {DR_EMBEDDING_DIM, 2 * DR_COLUMN_DIM, 1, 1, 3,
                                       DR_PACKING_FLOAT};
    net->kernels = kernels;
    net->precision = loader->precision;
    net->maps = dr_residual_maps_load(loader, kernels);
    net->tdnn = load_tdnn(loader);
    load_blocks(net, loader);
    struct dr_affine norm = dr_load_batch_norm(
        loader, "embedding.xvector.dense.nonlinear.batchnorm", DR_EMBEDDING_DIM, 0);
    net->head = dr_load_conv(loader, "embedding.xvector.dense.linear", &head, 0, &norm);
    return loader->err.status ? NULL : net;
}

/* ---- running ---- */

/* Columns of a block at hand: one in `every`. */
struct grid {
    size_t columns, every;
    struct dr_campplus_past *past; /* what came before them; NULL: nothing, and nothing is kept */
    size_t layer;                  /* of the past: the one that is worked on */
};

/* Whether there is something before the columns at hand. */
static int continues(const struct grid *grid) {
    return grid->past && grid->past->num > 0.0f;
}

/* Those that share one context. */
static size_t segment_of(const struct grid *grid) {
    return continues(grid) ? grid->columns : SEGMENT / grid->every;
}

/* Mean over everything plus the mean over each segment of hidden[columns][128], whose sum is left
 * in whole. */
static void make_contexts(const struct dr_kernels *kernels, float *contexts, float *whole,
                          const float *hidden, size_t columns, size_t segment) {
    const size_t segments = (columns + segment - 1) / segment;
    memset(contexts, 0, segments * BOTTLENECK * sizeof *contexts);
    memset(whole, 0, BOTTLENECK * sizeof *whole);
    for (size_t s = 0; s < segments; s++) {
        size_t first = s * segment;
        size_t n = columns - first < segment ? columns - first : segment;
        float *sum = contexts + s * BOTTLENECK;
        kernels->add_rows(sum, hidden + first * BOTTLENECK, BOTTLENECK, n, BOTTLENECK);
        for (int j = 0; j < BOTTLENECK; j++) {
            whole[j] += sum[j];
            sum[j] /= (float)n;
        }
    }
    for (size_t s = 0; s < segments; s++)
        for (int j = 0; j < BOTTLENECK; j++)
            contexts[s * BOTTLENECK + j] += whole[j] / (float)columns;
}

/* mask[segments][32] = sigmoid(W2 relu(W1 context)) */
static void make_masks(const struct dr_campplus *net, const struct dense_layer *layer, float *mask,
                       const float *contexts, size_t segments) {
    float inner[MAX_SEGMENTS * CONTEXT];
    dr_linear_run(net->kernels, &layer->context_in, contexts, BOTTLENECK, 0, inner, CONTEXT,
                  segments, DR_RELU, NULL, 0);
    dr_linear_run(net->kernels, &layer->context_out, inner, CONTEXT, 0, mask, GROWTH, segments,
                  DR_LINEAR, NULL, 0);
    for (size_t i = 0; i < segments * GROWTH; i++)
        mask[i] = 1.0f / (1.0f + expf(-mask[i]));
}

/* Scratch of one call of the trunk, floats. */
struct scratch {
    float *maps;        /* [frames + 4][320]: the 2-D head's output between two rows of zeros */
    float *head;        /* for the 2-D head, and after it: */
    float *x, *next;    /* [columns][1024]: a dense block, and the one after it */
    float *panel;       /* [PANEL_COLUMNS][1024], floats or int16 */
    float *hidden;      /* [columns + 2 * MAX_DILATION][128] */
    int16_t *quantized; /* the same, or maps */
    float *unit;        /* [PANEL_COLUMNS]: what a unit of 16 bits is worth */
};

static size_t lay_out(struct scratch *s, float *base, size_t frames) {
    const size_t columns = (frames + 1) / 2, maps = (frames + 2 * TDNN_PAD) * TDNN_INPUTS;
    size_t used = 0;
    struct scratch unused;
    s = s ? s : &unused;
#define TAKE(field, count) (s->field = base ? base + used : NULL, used += DR_PADDED(count))
    TAKE(maps, maps);
    s->head = base ? base + used : NULL;
    size_t head = used + dr_residual_maps_scratch(frames);
    TAKE(x, columns * MAX_CHANNELS);
    TAKE(next, columns * MAX_CHANNELS);
    TAKE(panel, PANEL_COLUMNS * MAX_CHANNELS);
    TAKE(hidden, (columns + 2 * MAX_DILATION) * BOTTLENECK);
    TAKE(unit, PANEL_COLUMNS);
#undef TAKE
    s->quantized = base ? (int16_t *)(void *)(base + used) : NULL;
    used += DR_PADDED(maps / 2);
    return used > head ? used : head;
}

size_t dr_campplus_trunk_scratch(void) {
    return lay_out(NULL, NULL, DR_CAMPPLUS_MAX_FRAMES);
}

/* y = linear(relu(norm(x))) of every column, in the network's precision. */
static void run_product(const struct dr_campplus *net, const struct dr_linear *linear,
                        const struct dr_affine *norm, float *y, size_t ldy, const float *x,
                        size_t ld, size_t columns, enum dr_activation act,
                        const struct scratch *s) {
    const struct dr_kernels *k = net->kernels;
    const size_t channels = linear->taps * linear->depth;
    for (size_t first = 0; first < columns; first += PANEL_COLUMNS) {
        const size_t num = columns - first < PANEL_COLUMNS ? columns - first : PANEL_COLUMNS;
        const float *from = x + first * ld;
        float *to = y + first * ldy;
        if (net->precision == DR_INT16) {
            int16_t *panel = (int16_t *)(void *)s->panel;
            k->scale_shift_relu16(panel, (ptrdiff_t)channels, s->unit, from, (ptrdiff_t)ld,
                                  norm->scale, norm->shift, num, channels);
            dr_linear_run16(k, linear, panel, (ptrdiff_t)channels, (ptrdiff_t)linear->depth, 1.0f,
                            s->unit, to, (ptrdiff_t)ldy, num, act);
        } else {
            k->scale_shift_relu(s->panel, (ptrdiff_t)channels, from, (ptrdiff_t)ld, norm->scale,
                                norm->shift, num, channels);
            dr_linear_run(k, linear, s->panel, (ptrdiff_t)channels, 0, to, (ptrdiff_t)ldy, num, act,
                          NULL, 0);
        }
    }
}

/* y = act(conv(x)): x[rows + what the taps reach over][depth], rows of y are `stride` rows of x
 * apart, taps `tap_rows`. */
static void run_convolution(const struct dr_campplus *net, const struct dr_linear *linear, float *y,
                            size_t ldy, size_t num, const float *x, size_t rows, size_t stride,
                            size_t tap_rows, enum dr_activation act, const struct scratch *s) {
    const ptrdiff_t depth = (ptrdiff_t)linear->depth;
    const ptrdiff_t lda = depth * (ptrdiff_t)stride, tap_stride = depth * (ptrdiff_t)tap_rows;
    if (net->precision == DR_FLOAT32) {
        dr_linear_run(net->kernels, linear, x, lda, tap_stride, y, (ptrdiff_t)ldy, num, act, NULL,
                      0);
        return;
    }
    float max = 0.0f;
    net->kernels->max_abs(&max, x, depth, rows, linear->depth);
    net->kernels->quantize(s->quantized, depth, x, depth,
                           max > 0.0f ? DR_ACTIVATION_MAX / max : 0.0f, rows, linear->depth);
    dr_linear_run16(net->kernels, linear, s->quantized, lda, tap_stride, max / DR_ACTIVATION_MAX,
                    NULL, y, (ptrdiff_t)ldy, num, act);
}

/* Appends 32 channels at x[column][channels .. channels + 31]. */
static void run_dense(const struct dr_campplus *net, const struct dense_layer *layer, float *x,
                      size_t ld, size_t channels, const struct grid *grid, size_t dilation,
                      const struct scratch *s) {
    const struct dr_kernels *k = net->kernels;
    const size_t columns = grid->columns, segment = segment_of(grid);
    const size_t pad = dilation * BOTTLENECK;
    float contexts[MAX_SEGMENTS * BOTTLENECK], sum[BOTTLENECK], mask[MAX_SEGMENTS * GROWTH];
    float *inner = s->hidden + pad;
    if (grid->past)
        dr_layer_past_rows(grid->past, grid->layer, s->hidden, dilation);
    else
        memset(s->hidden, 0, pad * sizeof *inner);
    memset(inner + columns * BOTTLENECK, 0, pad * sizeof *inner);
    run_product(net, &layer->bottleneck, &layer->norm, inner, BOTTLENECK, x, ld, columns, DR_RELU,
                s);
    run_convolution(net, &layer->local, x + channels, ld, columns, s->hidden,
                    columns + 2 * dilation, 1, dilation, DR_LINEAR, s);
    make_contexts(k, contexts, sum, inner, columns, segment);
    if (continues(grid))
        dr_layer_past_context(grid->past, grid->layer, contexts, sum, columns);
    if (grid->past)
        dr_layer_past_add(grid->past, grid->layer, s->hidden + columns * BOTTLENECK, dilation, sum,
                          columns);
    make_masks(net, layer, mask, contexts, (columns + segment - 1) / segment);
    for (size_t first = 0, i = 0; first < columns; first += segment, i++) {
        size_t n = columns - first < segment ? columns - first : segment;
        k->scale_columns(x + first * ld + channels, (ptrdiff_t)ld, mask + i * GROWTH, n, GROWTH);
    }
}

/* The 2-D head between rows of zeros, through the TDNN into the first block: columns of all frames
 * but the first `lead`. */
static void run_front(const struct dr_campplus *net, const float *features, size_t lead,
                      size_t frames, size_t ld, const struct scratch *s) {
    const size_t pad = TDNN_PAD * TDNN_INPUTS, rest = frames - lead;
    memset(s->maps, 0, pad * sizeof *s->maps);
    memset(s->maps + pad + frames * TDNN_INPUTS, 0, pad * sizeof *s->maps);
    dr_residual_maps_run(net->maps, s->maps + pad, features, frames, s->head);
    run_convolution(net, &net->tdnn, s->x, ld, (rest + 1) / 2, s->maps + lead * TDNN_INPUTS,
                    rest + 2 * TDNN_PAD, 2, 1, DR_RELU, s);
}

static size_t block_width(int b) {
    return (size_t)(block_shapes[b].channels + block_shapes[b].num_layers * GROWTH);
}

/* The layers of a block, then its transit: of one column in `skip`. */
static void run_block(const struct dr_campplus *net, int b, float *x, float *y, size_t ldy,
                      struct grid *grid, size_t skip, const struct scratch *s) {
    const struct block_shape *shape = &block_shapes[b];
    const size_t ld = block_width(b), dilation = (size_t)shape->dilation / grid->every;
    size_t channels = (size_t)shape->channels;
    for (int i = 0; i < shape->num_layers; i++, channels += GROWTH, grid->layer++)
        run_dense(net, &net->dense[b][i], x, ld, channels, grid, dilation, s);
    grid->columns = (grid->columns + skip - 1) / skip;
    grid->every *= skip;
    run_product(net, &net->transit[b], &net->transit_norm[b], y, ldy, x, skip * ld, grid->columns,
                b + 1 == BLOCKS ? DR_RELU : DR_LINEAR, s);
}

/* The blocks on what run_front leaves; every'th column comes out, to its place. */
static void run_blocks(const struct dr_campplus *net, float *columns, struct grid *grid,
                       size_t every, const struct scratch *s) {
    run_block(net, 0, s->x, s->next, block_width(1), grid, every, s);
    run_block(net, 1, s->next, s->x, block_width(2), grid, 1, s);
    run_block(net, 2, s->x, columns, every * DR_COLUMN_DIM, grid, 1, s);
}

void dr_campplus_trunk(const struct dr_campplus *net, float *columns, const float *features,
                       size_t num_frames, enum dr_column_rate rate, float *scratch) {
    const size_t num = (num_frames + 1) / 2, every = rate == DR_EVERY_SECOND_COLUMN ? 2 : 1;
    struct grid grid = {.columns = num, .every = 1};
    struct scratch s;
    lay_out(&s, scratch, num_frames);
    run_front(net, features, 0, num_frames, block_width(0), &s);
    run_blocks(net, columns, &grid, every, &s);
    for (size_t i = 1; i < num && every == 2; i += 2)
        memcpy(columns + i * DR_COLUMN_DIM, columns + (i - 1) * DR_COLUMN_DIM,
               DR_COLUMN_DIM * sizeof *columns);
}

void dr_campplus_continue(const struct dr_campplus *net, struct dr_campplus_past *past,
                          float *columns, const float *features, size_t lead, size_t num_frames,
                          float *scratch) {
    const size_t num = (num_frames - lead + 1) / 2;
    struct grid grid = {.columns = num, .every = 1, .past = past};
    struct scratch s;
    lay_out(&s, scratch, num_frames);
    run_front(net, features, lead, num_frames, block_width(0), &s);
    run_blocks(net, columns, &grid, 1, &s);
    dr_campplus_past_advance(past, num);
}

void dr_campplus_head(const struct dr_campplus *net, float *embedding, const float *statistics,
                      size_t n) {
    dr_linear_run(net->kernels, &net->head, statistics, 2 * DR_COLUMN_DIM, 0, embedding,
                  DR_EMBEDDING_DIM, n, DR_RELU, NULL, 0);
}
