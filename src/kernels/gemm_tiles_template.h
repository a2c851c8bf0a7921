/* gemm_tiles_template.h - the tiles of a matrix product, and the order in which they run.
 * SPDX-License-Identifier: MIT
 * Included by the templates of the products after they have defined
 *   GEMM                        the struct that describes the product
 *   tile(rows, vecs, g, i, j)   rows x vecs vectors of c from row i, column j on
 * in files that define
 *   TILES(X)                    X(rows, vecs) of each tile: for each vecs the highest first, one of
 *                               a single row last
 *   GROUP(left)                 vectors that a tile takes where `left` of them are to be done
 *   MAX_SUMS                    vectors in the largest tile
 * No include guard. */

#define TILE(rows, vecs)                                                  \
    static void tile_##rows##x##vecs(const GEMM *g, size_t i, size_t j) { \
        tile(rows, vecs, g, i, j);                                        \
    }
TILES(TILE)

#define TILE_ENTRY(rows, vecs) {rows, vecs, tile_##rows##x##vecs},
static const struct tile_size {
    size_t rows, vecs;
    void (*run)(const GEMM *g, size_t i, size_t j);
} tiles[] = {TILES(TILE_ENTRY)};

#define NUM_TILES (sizeof tiles / sizeof *tiles)

/* Rows that pass all panels before the next ones do: their part of a and c stays in the L2 cache
 * and its pages in the TLB. Whole tiles of most heights. */
#define ROWS_AT_ONCE 168

/* Rows i..end of `vecs` vectors of columns, the highest tiles first. The panels of the next group
 * are fetched meanwhile, a part with each tile. */
static void run_group(const GEMM *g, size_t i, size_t end, size_t j, size_t vecs) {
    const size_t panel = g->taps * g->depth * DR_PANEL * sizeof *g->b;
    const size_t next = j + vecs * LANES;
    const char *ahead = (const char *)g->b + next / DR_PANEL * panel;
    const size_t bytes = next < g->n ? DR_PADDED(vecs * LANES) / DR_PANEL * panel : 0;
    const char *const ahead_end = ahead + (next + vecs * LANES <= DR_PADDED(g->n) ? bytes : 0);
    const size_t part = bytes / ((end - i) * vecs / MAX_SUMS + 1) + 1;
    for (size_t t = 0; t < NUM_TILES; t++)
        for (; tiles[t].vecs == vecs && end - i >= tiles[t].rows; i += tiles[t].rows) {
            for (size_t at = 0; at < part && ahead < ahead_end; at += 64, ahead += 64)
                __builtin_prefetch(ahead);
            tiles[t].run(g, i, j);
        }
}

INLINE void run_tiles(const GEMM *g) {
    for (size_t i = 0; i < g->m; i += ROWS_AT_ONCE) {
        const size_t end = g->m - i < ROWS_AT_ONCE ? g->m : i + ROWS_AT_ONCE;
        for (size_t j = 0, vecs; j < g->n; j += vecs * LANES) {
            const size_t left = (g->n - j + LANES - 1) / LANES;
            vecs = GROUP(left);
            run_group(g, i, end, j, vecs);
        }
    }
}
