/* maps.c - maps of features over (mel, frame), as 2-D convolutions want them.
 * SPDX-License-Identifier: MIT */
#include "embedding/maps.h"

#include <string.h>

#include "kernels/kernels.h"

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

size_t dr_map_floats(size_t tile, size_t mels, size_t frames, size_t channels) {
    return DR_PADDED(padded(tile, mels) * dr_map_row(tile, frames, channels));
}

struct dr_map dr_map_make(float *data, size_t tile, size_t mels, size_t frames, size_t channels) {
    const size_t row = dr_map_row(tile, frames, channels);
    const struct dr_map map = {data, tile, mels, frames, channels, row, 0.0f};
    memset(data, 0, map.row * sizeof *data);
    memset(data + (mels + 1) * map.row, 0,
           (padded(tile, mels) - mels - 1) * map.row * sizeof *data);
    for (size_t m = 0; m < mels; m++) {
        float *first = dr_map_interior(&map, m), *end = first + frames * channels;
        memset(first - channels, 0, channels * sizeof *data);
        memset(end, 0, (map.row - (frames + 1) * channels) * sizeof *data);
    }
    return map;
}
