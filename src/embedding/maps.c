/* maps.c - maps of features over (mel, frame), as 2-D convolutions want them.
 * SPDX-License-Identifier: MIT */
#include "embedding/maps.h"

#include <math.h>
#include <string.h>

#include "kernels/half.h"

size_t dr_map_tiles(size_t tile, size_t n) {
    return (n + tile - 1) / tile;
}

/* With a border on each side. */
static size_t padded(size_t tile, size_t n) {
    return tile * dr_map_tiles(tile, n) + 2;
}

size_t dr_map_row(size_t tile, size_t frames, size_t channels) {
    return padded(tile, frames) * channels;
}

size_t dr_map_elements(size_t tile, size_t mels, size_t frames, size_t channels) {
    return DR_PADDED(padded(tile, mels) * dr_map_row(tile, frames, channels));
}

/* Elements of `size` bytes at data, whose zeros have no bit set. */
static void clear_border(char *data, size_t size, const struct dr_map *map) {
    const size_t row = map->row * size, column = map->channels * size;
    const size_t inside = map->frames * column, end = column + inside;
    memset(data, 0, row);
    memset(data + (map->mels + 1) * row, 0, (padded(map->tile, map->mels) - map->mels - 1) * row);
    for (size_t m = 0; m < map->mels; m++) {
        char *first = data + (m + 1) * row;
        memset(first, 0, column);
        memset(first + end, 0, row - end);
    }
}

struct dr_map dr_map_make(float *data, size_t tile, size_t mels, size_t frames, size_t channels) {
    const size_t row = dr_map_row(tile, frames, channels);
    const struct dr_map map = {data, NULL, 1.0f, tile, mels, frames, channels, row, 0.0f};
    clear_border((char *)data, sizeof *data, &map);
    return map;
}

struct dr_map dr_map_make_narrow(dr_half *data, size_t tile, size_t mels, size_t frames,
                                 size_t channels) {
    const size_t row = dr_map_row(tile, frames, channels);
    const struct dr_map map = {NULL, data, 1.0f, tile, mels, frames, channels, row, 0.0f};
    clear_border((char *)data, sizeof *data, &map);
    return map;
}

void dr_map_narrow_row(struct dr_map *map, const struct dr_kernels *kernels, size_t mel,
                       const float *line) {
    const size_t num = map->frames * map->channels;
    kernels->max_abs(&map->max, line, 0, 1, num);
    map->max = dr_float_of(dr_half_of(map->max / map->unit)) * map->unit;
    kernels->to_half(dr_map_narrow_interior(map, mel), line, 1.0f / map->unit, num);
}

void dr_map_columns(const struct dr_map *map, const struct dr_kernels *kernels, float *columns) {
    const size_t n = map->channels;
    for (size_t t = 0; t < map->frames; t++)
        for (size_t m = 0; m < map->mels; m++, columns += n)
            if (map->narrow)
                kernels->from_half(columns, dr_map_narrow_interior(map, m) + t * n, map->unit, n);
            else
                memcpy(columns, dr_map_interior(map, m) + t * n, n * sizeof *columns);
}

struct dr_gain dr_gain_of(const float *weight, size_t n, size_t k, const struct dr_affine *norm) {
    struct dr_gain gain = {0.0f, 0.0f};
    for (size_t i = 0; i < n; i++, weight += k) {
        double sum = 0.0;
        for (size_t j = 0; j < k; j++)
            sum += fabs((double)weight[j]);
        gain.weights = fmaxf(gain.weights, (float)(sum * fabs((double)norm->scale[i])));
        gain.bias = fmaxf(gain.bias, fabsf(norm->shift[i]));
    }
    return gain;
}

void dr_map_set_unit(struct dr_map *map, const struct dr_gain *gain, float max_in,
                     float max_added) {
    int exponent;
    frexpf(gain->weights * max_in + gain->bias + max_added, &exponent);
    map->unit = ldexpf(1.0f, exponent - 15);
}
