/* pooled_conv.c - what the segmentation network does twice: norm, leaky ReLU, a convolution of 5,
 * and the largest of each 3.
 * SPDX-License-Identifier: MIT */
#include "segmentation/pooled_conv.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "nn/winograd_filter.h"

enum {
    CHANNELS = DR_POOLED_CONV_CHANNELS,
    COLUMNS = DR_POOLED_CONV_COLUMNS,
    LENGTH = 5,
    POOL = 3,
    POINTS = DR_WINOGRAD5_POINTS,
    MAX_COLUMNS = DR_NORM_COLUMNS, /* of the input */
    ROWS_AT_ONCE = 48,             /* of the output: what they are made of stays in the cache */
    /* From one point of these rows to the next: a line of the cache more than they take, as points
     * a power of 2 apart would all want the same place in it. */
    POINT = ROWS_AT_ONCE * MAX_COLUMNS + 2 * DR_PANEL
};
_Static_assert((int)COLUMNS == (int)DR_PADDED(CHANNELS), "whole panels");

/* ---- loading ---- */

/* n values of a tensor and zeros up to whole panels. */
static const float *load_padded(struct dr_loader *loader, const char *prefix, const char *suffix,
                                unsigned n) {
    const float *values = dr_load_tensor(loader, prefix, suffix, 1, n, 0, 0, 0);
    if (!values)
        return NULL;
    float *padded = dr_arena_zalloc(loader->arena, DR_PADDED(n), sizeof *padded);
    if (padded)
        memcpy(padded, values, n * sizeof *padded);
    else
        dr_fail_memory(&loader->err);
    return padded;
}

const float *dr_load_instance_norm(struct dr_loader *loader, int i, const char *suffix,
                                   unsigned channels) {
    char prefix[64];
    snprintf(prefix, sizeof prefix, "segmentation.sincnet.norm1d.%d", i);
    return load_padded(loader, prefix, suffix, channels);
}

/* rows[COLUMNS][columns] of weight[CHANNELS][channels][LENGTH]: sums of a filter's taps by g. */
static void combine_taps(float *rows, const double g[LENGTH], const float *weight, size_t channels,
                         size_t columns) {
    memset(rows, 0, COLUMNS * columns * sizeof *rows);
    for (size_t j = 0; j < CHANNELS; j++)
        for (size_t c = 0; c < channels; c++, weight += LENGTH) {
            double sum = 0.0;
            for (size_t t = 0; t < LENGTH; t++)
                sum += g[t] * weight[t];
            rows[j * columns + c] = (float)sum;
        }
}

/* In 16 bits sums over no more than half of the columns are exact, so that weights have enough of
 * their bits; activations have all of theirs. */
static void load_points(struct dr_pooled_conv *conv, struct dr_loader *loader, const float *weight,
                        size_t channels) {
    const struct dr_packing packing = {DR_INT16, 2, 1, INT16_MAX};
    double g[POINTS][LENGTH];
    float *rows = dr_loader_scratch(loader, COLUMNS * conv->columns);
    if (!rows)
        return;
    dr_winograd_filter(g[0], LENGTH);
    for (size_t p = 0; p < POINTS; p++) {
        combine_taps(rows, g[p], weight, channels, conv->columns);
        conv->point[p] = dr_pack_linear(loader, rows, NULL, conv->columns, COLUMNS, packing);
    }
}

/* Taps, one after the other, of rows that overlap. */
static void load_direct(struct dr_pooled_conv *conv, struct dr_loader *loader, const float *weight,
                        size_t channels) {
    const size_t depth = LENGTH * conv->columns;
    float *rows = dr_loader_scratch(loader, COLUMNS * depth);
    if (!rows)
        return;
    memset(rows, 0, COLUMNS * depth * sizeof *rows);
    for (size_t j = 0; j < CHANNELS; j++)
        for (size_t c = 0; c < channels; c++)
            for (size_t t = 0; t < LENGTH; t++)
                rows[j * depth + t * conv->columns + c] = weight[(j * channels + c) * LENGTH + t];
    conv->direct = dr_pack_linear(loader, rows, conv->bias, depth, COLUMNS, DR_PACKING_FLOAT);
}

struct dr_pooled_conv dr_pooled_conv_load(struct dr_loader *loader, int i, unsigned channels) {
    struct dr_pooled_conv conv = {.precision = loader->precision, .columns = DR_PADDED(channels)};
    char prefix[64];
    snprintf(prefix, sizeof prefix, "segmentation.sincnet.conv1d.%d", i + 1);
    const float *weight =
        dr_load_tensor(loader, prefix, ".weight", 3, CHANNELS, channels, LENGTH, 0);
    conv.bias = load_padded(loader, prefix, ".bias", CHANNELS);
    conv.norm_weight = dr_load_instance_norm(loader, i, ".weight", channels);
    conv.norm_bias = dr_load_instance_norm(loader, i, ".bias", channels);
    if (loader->err.status)
        return (struct dr_pooled_conv){0};
    if (conv.precision == DR_INT16)
        load_points(&conv, loader, weight, channels);
    else
        load_direct(&conv, loader, weight, channels);
    return conv;
}

/* ---- running ---- */

/* Scratch of one call, floats. */
struct scratch {
    float *points;   /* [POINTS][POINT] */
    float *narrow;   /* one of them as int16 */
    float *products; /* [POINTS][POINT], or [POOL * ROWS_AT_ONCE][COLUMNS] */
};

static size_t lay_out(struct scratch *s, float *base) {
    enum { POINTS_FLOATS = POINTS * POINT, NARROW_FLOATS = POINT / 2 };
    if (s)
        *s = (struct scratch){base, base + POINTS_FLOATS, base + POINTS_FLOATS + NARROW_FLOATS};
    return (size_t)2 * POINTS_FLOATS + NARROW_FLOATS;
}

size_t dr_pooled_conv_scratch(void) {
    return lay_out(NULL, NULL);
}

/* products[POINT] of one point of so many tiles, whose columns lie at `points`. Each has a unit of
 * its own for each few tiles, which is finer than one for the whole map. */
static void multiply_point(const struct dr_kernels *k, const struct dr_linear *linear,
                           float *products, const float *points, size_t tiles, int16_t *narrow) {
    const size_t columns = linear->taps * linear->depth;
    const ptrdiff_t ld = (ptrdiff_t)columns;
    float max = 0.0f;
    k->max_abs(&max, points, ld, tiles, columns);
    k->quantize(narrow, ld, points, ld, max > 0.0f ? INT16_MAX / max : 0.0f, tiles, columns);
    dr_linear_run16(k, linear, narrow, ld, (ptrdiff_t)linear->depth, max / INT16_MAX, NULL,
                    products, COLUMNS, tiles, DR_LINEAR);
}

static void run_winograd(const struct dr_kernels *k, const struct dr_pooled_conv *conv, float *out,
                         const float *map, const struct dr_instance_norm *norm, size_t num,
                         const struct scratch *s) {
    int16_t *narrow = (int16_t *)(void *)s->narrow;
    k->winograd5_input(s->points, POINT, map, norm, num, conv->columns);
    for (size_t p = 0; p < POINTS; p++)
        multiply_point(k, &conv->point[p], s->products + p * POINT, s->points + p * POINT, num,
                       narrow);
    k->winograd5_output_pool3(out, s->products, POINT, conv->bias, num, COLUMNS);
}

/* The map has been normalised. */
static void run_direct(const struct dr_kernels *k, const struct dr_pooled_conv *conv, float *out,
                       const float *map, size_t num, const struct scratch *s) {
    dr_linear_run(k, &conv->direct, map, (ptrdiff_t)conv->columns, 0, s->products, COLUMNS,
                  POOL * num, DR_LINEAR, NULL, 0);
    k->max_pool3(out, s->products, num, COLUMNS);
}

void dr_pooled_conv_run(const struct dr_kernels *kernels, const struct dr_pooled_conv *conv,
                        float *out, float *map, size_t num_rows, float *scratch) {
    const size_t num = (num_rows - LENGTH + 1) / POOL;
    const ptrdiff_t ld = (ptrdiff_t)conv->columns;
    struct dr_instance_norm norm;
    struct scratch s;
    lay_out(&s, scratch);
    kernels->instance_norm(&norm, map, conv->norm_weight, conv->norm_bias, num_rows, conv->columns);
    if (conv->precision == DR_FLOAT32)
        kernels->norm_leaky(map, ld, map, ld, &norm, num_rows, conv->columns);
    for (size_t first = 0; first < num; first += ROWS_AT_ONCE) {
        const size_t rows = num - first < ROWS_AT_ONCE ? num - first : ROWS_AT_ONCE;
        const float *from = map + first * POOL * conv->columns;
        if (conv->precision == DR_INT16)
            run_winograd(kernels, conv, out + first * COLUMNS, from, &norm, rows, &s);
        else
            run_direct(kernels, conv, out + first * COLUMNS, from, rows, &s);
    }
}
