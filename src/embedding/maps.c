/* maps.c - maps of features over (mel, frame), as 2-D convolutions want them.
 * SPDX-License-Identifier: MIT */
#include "embedding/maps.h"

#include <string.h>

#include "kernels/kernels.h"

size_t dr_map_tiles(size_t n) {
    return (n + DR_MAP_TILE - 1) / DR_MAP_TILE;
}

/* With a border on each side. */
static size_t padded(size_t n) {
    return DR_MAP_TILE * dr_map_tiles(n) + 2;
}

size_t dr_map_row(size_t frames, size_t channels) {
    return padded(frames) * channels;
}

size_t dr_map_floats(size_t mels, size_t frames, size_t channels) {
    return DR_PADDED(padded(mels) * dr_map_row(frames, channels));
}

struct dr_map dr_map_make(float *data, size_t mels, size_t frames, size_t channels) {
    const struct dr_map map = {data, mels, frames, channels, dr_map_row(frames, channels), 0.0f};
    memset(data, 0, map.row * sizeof *data);
    memset(data + (mels + 1) * map.row, 0, (padded(mels) - mels - 1) * map.row * sizeof *data);
    for (size_t m = 0; m < mels; m++) {
        float *first = dr_map_interior(&map, m), *end = first + frames * channels;
        memset(first - channels, 0, channels * sizeof *data);
        memset(end, 0, (map.row - (frames + 1) * channels) * sizeof *data);
    }
    return map;
}
