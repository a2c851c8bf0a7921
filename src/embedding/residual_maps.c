/* residual_maps.c - the 2-D head of CAM++: log-mel features -> [frames][320].
 * SPDX-License-Identifier: MIT
 *
 * A convolution transforms each row of its input once, makes 6 products of three rows for each row
 * of its output, and transforms those back. */
#include "embedding/residual_maps.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "embedding/maps.h"
#include "types.h"

enum {
    CHANNELS = 32,
    POINTS = 6, /* products of a tile, */
    TILE = 4,   /* for so many frames */
    OUT_MELS = DR_MAPS_FEATURES / CHANNELS,
    BLOCKS = 4,
    ROWS_AT_ONCE = 4, /* of the output, whose inputs are transformed together */
    /* |B' d| <= 10 |d| for the transform of the input. */
    TRANSFORM_GAIN = 10
};

/* G of Lavin & Gray: what takes 3 weights of a filter to its points. */
static const double filter_points[POINTS][3] = {{1.0 / 4, 0, 0},
                                                {-1.0 / 6, -1.0 / 6, -1.0 / 6},
                                                {-1.0 / 6, 1.0 / 6, -1.0 / 6},
                                                {1.0 / 24, 1.0 / 12, 1.0 / 6},
                                                {1.0 / 24, -1.0 / 12, 1.0 / 6},
                                                {0, 0, 1}};

/* A 3x3 convolution with the batch norm that follows it: products over 3 mels of 32 channels. */
struct winograd {
    struct dr_linear point[POINTS];
    const float *bias; /* [32] */
};

/* conv (stride over mels), ReLU, conv, plus the input or its 1x1 projection, ReLU */
struct residual_block {
    struct winograd conv[2];
    struct dr_linear shortcut; /* where it strides */
    int stride;
};

struct dr_residual_maps {
    const struct dr_kernels *kernels;
    enum dr_precision precision;
    struct dr_linear first;
    struct residual_block block[BLOCKS];
    struct winograd last;
};

/* ---- loading ---- */

/* A convolution over `channels` with kernel x kernel taps and the batch norm that follows it. */
static struct dr_linear load_direct(struct dr_loader *loader, const char *conv, const char *norm,
                                    unsigned channels, unsigned kernel) {
    const struct dr_packing packing = {DR_FLOAT32, kernel, 1, 0};
    const struct dr_conv_shape shape = {CHANNELS, channels, kernel, kernel, 4, packing};
    struct dr_affine affine = dr_load_batch_norm(loader, norm, CHANNELS, 1);
    return dr_load_conv(loader, conv, &shape, 0, &affine);
}

/* weight[32][32][3 mels][3 frames] -> rows[32][3 mels][32] of one point. */
static void transform_filters(float *rows, const float *weight, const float *scale,
                              const double g[3]) {
    for (int j = 0; j < CHANNELS; j++)
        for (int mel = 0; mel < 3; mel++)
            for (int c = 0; c < CHANNELS; c++) {
                const float *w = weight + ((j * CHANNELS + c) * 3 + mel) * 3;
                rows[(j * 3 + mel) * CHANNELS + c] =
                    (float)((g[0] * w[0] + g[1] * w[1] + g[2] * w[2]) * scale[j]);
            }
}

static struct winograd load_winograd(struct dr_loader *loader, const char *conv, const char *norm) {
    struct winograd winograd = {0};
    struct dr_affine affine = dr_load_batch_norm(loader, norm, CHANNELS, 1);
    const float *weight = dr_load_tensor(loader, conv, ".weight", 4, CHANNELS, CHANNELS, 3, 3);
    float *rows = dr_loader_scratch(loader, (size_t)CHANNELS * 3 * CHANNELS);
    const struct dr_packing packing = {loader->precision, 3, 3, INT16_MAX};
    for (int p = 0; p < POINTS && !loader->err.status; p++) {
        transform_filters(rows, weight, affine.scale, filter_points[p]);
        winograd.point[p] =
            dr_pack_linear(loader, rows, NULL, (size_t)3 * CHANNELS, CHANNELS, packing);
    }
    winograd.bias = affine.shift;
    return winograd;
}

struct dr_residual_maps *dr_residual_maps_load(struct dr_loader *loader,
                                               const struct dr_kernels *kernels) {
    struct dr_residual_maps *net = dr_arena_zalloc(loader->arena, 1, sizeof *net);
    char conv[96], norm[96];
    if (!net) {
        dr_fail_memory(&loader->err);
        return NULL;
    }
    net->kernels = kernels;
    net->precision = loader->precision;
    net->first = load_direct(loader, "embedding.head.conv1", "embedding.head.bn1", 1, 3);
    for (int i = 0; i < BLOCKS; i++) {
        struct residual_block *block = &net->block[i];
        block->stride = i % 2 == 0 ? 2 : 1;
        for (int j = 0; j < 2; j++) {
            const char *base = "embedding.head.layer";
            snprintf(conv, sizeof conv, "%s%d.%d.conv%d", base, i / 2 + 1, i % 2, j + 1);
            snprintf(norm, sizeof norm, "%s%d.%d.bn%d", base, i / 2 + 1, i % 2, j + 1);
            block->conv[j] = load_winograd(loader, conv, norm);
        }
        if (block->stride == 2) {
            snprintf(conv, sizeof conv, "embedding.head.layer%d.0.shortcut.0", i / 2 + 1);
            snprintf(norm, sizeof norm, "embedding.head.layer%d.0.shortcut.1", i / 2 + 1);
            block->shortcut = load_direct(loader, conv, norm, CHANNELS, 1);
        }
    }
    net->last = load_winograd(loader, "embedding.head.conv2", "embedding.head.bn2");
    return loader->err.status ? NULL : net;
}

/* ---- running ---- */

/* What a convolution works in, besides its maps. */
struct work {
    float *transformed; /* [ROWS_AT_ONCE * 2 + 1][POINTS][tiles][32], floats or int16 */
    float *products;    /* [POINTS][tiles][32] */
    float *line;        /* [tiles * 4][32] */
};

/* A convolution's input: rows are transformed as they are needed, so that what a few rows of the
 * output take stays in L2. */
struct input {
    const struct dr_map *map;
    float unit;             /* what a unit of 16 bits is worth; 0 for a map of zeros */
    size_t stride;          /* over mels */
    size_t first, num_rows; /* rows of the map, border included, that are transformed */
};

static struct input open_input(const struct dr_residual_maps *net, const struct dr_map *map,
                               size_t stride) {
    struct input in = {.map = map, .stride = stride};
    float max = 0.0f;
    if (net->precision == DR_INT16)
        net->kernels->max_abs(&max, map->data + map->row, (ptrdiff_t)map->row, map->mels, map->row);
    in.unit = max * TRANSFORM_GAIN / INT16_MAX;
    return in;
}

static void transform_row(const struct dr_residual_maps *net, const struct input *in, size_t m,
                          const struct work *work) {
    const size_t tiles = dr_map_tiles(TILE, in->map->frames), row = POINTS * tiles * CHANNELS;
    const float *from = in->map->data + m * in->map->row;
    const size_t to = (m - in->first) * row;
    if (net->precision == DR_INT16)
        net->kernels->winograd_input16((int16_t *)(void *)work->transformed + to, from,
                                       in->unit > 0.0f ? 1.0f / in->unit : 0.0f, tiles, CHANNELS);
    else
        net->kernels->winograd_input(work->transformed + to, from, tiles, CHANNELS);
}

/* Transforms what `num` rows of the output from row m on take; the rows that they share with those
 * before are there already. */
static void transform_rows(const struct dr_residual_maps *net, struct input *in, size_t m,
                           size_t num, const struct work *work) {
    const size_t size = net->precision == DR_INT16 ? sizeof(int16_t) : sizeof(float);
    const size_t row = POINTS * dr_map_tiles(TILE, in->map->frames) * CHANNELS * size;
    const size_t first = m * in->stride, end = first + (num - 1) * in->stride + 3;
    const size_t shared = in->num_rows ? in->first + in->num_rows - first : 0;
    char *rows = (char *)work->transformed;
    memmove(rows, rows + (in->num_rows - shared) * row, shared * row);
    in->first = first;
    in->num_rows = end - first;
    for (size_t r = first + shared; r < end; r++)
        transform_row(net, in, r, work);
}

/* The 6 products for row m of the output. */
static void multiply_row(const struct dr_residual_maps *net, const struct winograd *conv,
                         const struct input *in, size_t m, const struct work *work) {
    const size_t tiles = dr_map_tiles(TILE, in->map->frames);
    const size_t point = tiles * CHANNELS, row = POINTS * point;
    for (size_t p = 0; p < POINTS; p++) {
        const size_t at = (m * in->stride - in->first) * row + p * point;
        if (net->precision == DR_INT16)
            dr_linear_run16(net->kernels, &conv->point[p],
                            (const int16_t *)(const void *)work->transformed + at, CHANNELS,
                            (ptrdiff_t)row, in->unit, NULL, work->products + p * point, CHANNELS,
                            tiles, DR_LINEAR);
        else
            dr_linear_run(net->kernels, &conv->point[p], work->transformed + at, CHANNELS,
                          (ptrdiff_t)row, work->products + p * point, CHANNELS, tiles, DR_LINEAR,
                          NULL, 0);
    }
}

static size_t rows_left(size_t mels, size_t m) {
    return mels - m < ROWS_AT_ONCE ? mels - m : ROWS_AT_ONCE;
}

/* out = relu(conv(in) + residual), strides over mels as many times as there are mels less. */
static void convolve(const struct dr_residual_maps *net, const struct winograd *conv,
                     const struct dr_map *out, const struct dr_map *in,
                     const struct dr_map *residual, const struct work *work) {
    struct input input = open_input(net, in, in->mels / out->mels);
    for (size_t m = 0; m < out->mels; m++) {
        if (m % ROWS_AT_ONCE == 0)
            transform_rows(net, &input, m, rows_left(out->mels, m), work);
        multiply_row(net, conv, &input, m, work);
        net->kernels->winograd_output_relu(dr_map_interior(out, m), work->products, conv->bias,
                                           residual ? dr_map_interior(residual, m) : NULL,
                                           in->frames, CHANNELS);
    }
}

/* 1x1 convolution with stride 2 over mels. */
static void project(const struct dr_residual_maps *net, const struct dr_linear *conv,
                    const struct dr_map *out, const struct dr_map *in) {
    for (size_t m = 0; m < out->mels; m++)
        dr_linear_run(net->kernels, conv, dr_map_interior(in, 2 * m), CHANNELS, 0,
                      dr_map_interior(out, m), CHANNELS, out->frames, DR_LINEAR, NULL, 0);
}

/* in -> out, by way of `inner` and, when the block strides, `projected`; all four differ. */
static void run_block(const struct dr_residual_maps *net, const struct residual_block *block,
                      const struct dr_map *out, const struct dr_map *in, const struct dr_map *inner,
                      const struct dr_map *projected, const struct work *work) {
    convolve(net, &block->conv[0], inner, in, NULL, work);
    if (block->stride == 2)
        project(net, &block->shortcut, projected, in);
    convolve(net, &block->conv[1], out, inner, block->stride == 2 ? projected : in, work);
}

/* features[frames][80] -> map of 32 channels, by way of one of a single channel at data. */
static void run_first(const struct dr_residual_maps *net, const struct dr_map *out,
                      const float *features, float *data) {
    const struct dr_map in = dr_map_make(data, TILE, DR_MELS, out->frames, 1);
    for (size_t m = 0; m < DR_MELS; m++)
        for (size_t t = 0; t < out->frames; t++)
            dr_map_interior(&in, m)[t] = features[t * DR_MELS + m];
    for (size_t m = 0; m < DR_MELS; m++)
        dr_linear_run(net->kernels, &net->first, in.data + m * in.row, 1, (ptrdiff_t)in.row,
                      dr_map_interior(out, m), CHANNELS, out->frames, DR_RELU, NULL, 0);
}

/* in[10 * 2 mels] -> out[frames][320] */
static void run_last(const struct dr_residual_maps *net, float *out, const struct dr_map *in,
                     const struct work *work) {
    struct input input = open_input(net, in, 2);
    for (size_t m = 0; m < OUT_MELS; m++) {
        if (m % ROWS_AT_ONCE == 0)
            transform_rows(net, &input, m, rows_left(OUT_MELS, m), work);
        multiply_row(net, &net->last, &input, m, work);
        net->kernels->winograd_output_relu(work->line, work->products, net->last.bias, NULL,
                                           in->frames, CHANNELS);
        for (size_t t = 0; t < in->frames; t++)
            memcpy(out + t * DR_MAPS_FEATURES + m * CHANNELS, work->line + t * CHANNELS,
                   CHANNELS * sizeof *out);
    }
}

/* Scratch of one call, floats. */
struct scratch {
    float *big;      /* a map of 80 mels */
    float *small[3]; /* maps of 40 mels */
    struct work work;
};

static size_t lay_out(struct scratch *s, float *base, size_t frames) {
    size_t used = 0, line = dr_map_tiles(TILE, frames) * CHANNELS;
    struct scratch unused;
    s = s ? s : &unused;
#define TAKE(field, count) (s->field = base ? base + used : NULL, used += DR_PADDED(count))
    TAKE(big, dr_map_elements(TILE, DR_MELS, frames, CHANNELS));
    TAKE(small[0], dr_map_elements(TILE, DR_MELS / 2, frames, CHANNELS));
    TAKE(small[1], dr_map_elements(TILE, DR_MELS / 2, frames, CHANNELS));
    TAKE(small[2], dr_map_elements(TILE, DR_MELS / 2, frames, CHANNELS));
    TAKE(work.transformed, (2 * ROWS_AT_ONCE + 1) * POINTS * line);
    TAKE(work.products, POINTS * line);
    TAKE(work.line, TILE * line);
#undef TAKE
    return used;
}

size_t dr_residual_maps_scratch(size_t max_frames) {
    return lay_out(NULL, NULL, max_frames);
}

void dr_residual_maps_run(const struct dr_residual_maps *net, float *out, const float *features,
                          size_t frames, float *scratch) {
    struct scratch s;
    lay_out(&s, scratch, frames);
    const struct dr_map first = dr_map_make(s.big, TILE, DR_MELS, frames, CHANNELS);
    run_first(net, &first, features, s.small[0]);

    const struct dr_map a = dr_map_make(s.small[0], TILE, DR_MELS / 2, frames, CHANNELS);
    const struct dr_map b = dr_map_make(s.small[1], TILE, DR_MELS / 2, frames, CHANNELS);
    const struct dr_map c = dr_map_make(s.small[2], TILE, DR_MELS / 2, frames, CHANNELS);
    run_block(net, &net->block[0], &c, &first, &a, &b, &s.work);
    run_block(net, &net->block[1], &b, &c, &a, NULL, &s.work);
    const struct dr_map d = dr_map_make(s.big, TILE, DR_MELS / 4, frames, CHANNELS);
    const struct dr_map e = dr_map_make(s.small[0], TILE, DR_MELS / 4, frames, CHANNELS);
    const struct dr_map f = dr_map_make(s.small[2], TILE, DR_MELS / 4, frames, CHANNELS);
    run_block(net, &net->block[2], &f, &b, &d, &e, &s.work);
    const struct dr_map g = dr_map_make(s.small[1], TILE, DR_MELS / 4, frames, CHANNELS);
    run_block(net, &net->block[3], &g, &f, &d, NULL, &s.work);
    run_last(net, out, &g, &s.work);
}
