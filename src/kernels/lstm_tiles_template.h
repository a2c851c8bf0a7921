/* lstm_tiles_template.h - the tiles of an LSTM step, and the order in which they run.
 * SPDX-License-Identifier: MIT
 * Included by the templates of the steps after they have defined
 *   STEP                  the struct that describes the step
 *   tile(rows, s, i, unit) LANES units from unit on of `rows` sequences from i on
 * in files that define LANES and MAX_ROWS, the sequences of the largest tile (3 or 6). No include
 * guard. */

#define TILE(rows)                                                  \
    static void tile_##rows(const STEP *s, size_t i, size_t unit) { \
        tile(rows, s, i, unit);                                     \
    }
TILE(1)
TILE(2)
TILE(3)
#if MAX_ROWS > 3
TILE(4)
TILE(5)
TILE(6)
#endif

static void (*const tiles[])(const STEP *s, size_t i, size_t unit) = {
    NULL,   tile_1, tile_2, tile_3,
#if MAX_ROWS > 3
    tile_4, tile_5, tile_6,
#endif
};

/* The weights of a block of units stay in the cache while the sequences pass. */
INLINE void run_tiles(const STEP *s) {
    for (size_t unit = 0; unit < s->hidden; unit += LANES) {
        size_t num_tiles = (s->batch + MAX_ROWS - 1) / MAX_ROWS, rows;
        for (size_t i = 0; i < s->batch; i += rows, num_tiles--) {
            rows = (s->batch - i + num_tiles - 1) / num_tiles;
            tiles[rows](s, i, unit);
        }
    }
}
