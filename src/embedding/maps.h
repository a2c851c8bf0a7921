/* maps.h - maps of features over (mel, frame), as 2-D convolutions want them.
 * SPDX-License-Identifier: MIT
 *
 * Channels last, with a border of zeros, and zeros behind the last mel and frame up to whole tiles
 * of Winograd's convolutions. */
#ifndef DR_EMBEDDING_MAPS_H
#define DR_EMBEDDING_MAPS_H

#include <stddef.h>

#include "kernels/kernels.h"
#include "nn/layers.h"

/* [tiles over mels * tile + 2][tiles over frames * tile + 2][channels] at data or, as halves, at
 * narrow; the other is NULL. */
struct dr_map {
    float *data;
    dr_half *narrow;
    float unit;  /* of narrow: what 1 stands for, a power of 2 */
    size_t tile; /* mels and frames of one */
    size_t mels, frames, channels;
    size_t row; /* elements from one mel to the next */
    float max;  /* the largest value: what writes the map says so */
};

/* Tiles that cover n mels or frames. */
size_t dr_map_tiles(size_t tile, size_t n);

/* Elements of a row, border included. */
size_t dr_map_row(size_t tile, size_t frames, size_t channels);

/* Elements of a map, a multiple of 16. */
size_t dr_map_elements(size_t tile, size_t mels, size_t frames, size_t channels);

/* A map at data, whose border and what lies behind its end become zeros; the rest stays. Its max is
 * 0. */
struct dr_map dr_map_make(float *data, size_t tile, size_t mels, size_t frames, size_t channels);
struct dr_map dr_map_make_narrow(dr_half *data, size_t tile, size_t mels, size_t frames,
                                 size_t channels);

/* [frames][channels] of a mel. */
static inline float *dr_map_interior(const struct dr_map *map, size_t mel) {
    return map->data + (mel + 1) * map->row + map->channels;
}

static inline dr_half *dr_map_narrow_interior(const struct dr_map *map, size_t mel) {
    return map->narrow + (mel + 1) * map->row + map->channels;
}

/* line[frames][channels] becomes a mel of a narrow map, and its largest value counts. No value is
 * negative, or max is of magnitudes. */
void dr_map_narrow_row(struct dr_map *map, const struct dr_kernels *kernels, size_t mel,
                       const float *line);

/* map -> columns[frames][mels][channels] */
void dr_map_columns(const struct dr_map *map, const struct dr_kernels *kernels, float *columns);

/* How large the outputs of a convolution can be: |out| <= weights * max |in| + bias. */
struct dr_gain {
    float weights, bias;
};

/* Of weight[n][k] with the batch norm that follows it. */
struct dr_gain dr_gain_of(const float *weight, size_t n, size_t k, const struct dr_affine *norm);

/* Sets the unit of a narrow map: outputs of inputs up to max_in, to which up to max_added is added,
 * fit twice. */
void dr_map_set_unit(struct dr_map *map, const struct dr_gain *gain, float max_in, float max_added);

#endif
