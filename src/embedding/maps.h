/* maps.h - maps of features over (mel, frame), as 2-D convolutions want them.
 * SPDX-License-Identifier: MIT
 *
 * Channels last, with a border of zeros, and zeros behind the last mel and frame up to whole tiles
 * of Winograd's convolutions. */
#ifndef DR_EMBEDDING_MAPS_H
#define DR_EMBEDDING_MAPS_H

#include <stddef.h>

struct dr_map {
    float *data; /* [tiles over mels * tile + 2][tiles over frames * tile + 2][channels] */
    size_t tile; /* mels and frames of one */
    size_t mels, frames, channels;
    size_t row; /* floats from one mel to the next */
    float max;  /* the largest value: what writes the map says so */
};

/* Tiles that cover n mels or frames. */
size_t dr_map_tiles(size_t tile, size_t n);

/* Floats of a row, border included. */
size_t dr_map_row(size_t tile, size_t frames, size_t channels);

/* Floats at data, a multiple of 16. */
size_t dr_map_floats(size_t tile, size_t mels, size_t frames, size_t channels);

/* A map at data, whose border and what lies behind its end become zeros; the rest stays. Its max is
 * 0. */
struct dr_map dr_map_make(float *data, size_t tile, size_t mels, size_t frames, size_t channels);

/* [frames][channels] of a mel. */
static inline float *dr_map_interior(const struct dr_map *map, size_t mel) {
    return map->data + (mel + 1) * map->row + map->channels;
}

#endif
