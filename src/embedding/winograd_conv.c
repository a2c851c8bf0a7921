/* winograd_conv.c - a 3x3 convolution over maps of features as Winograd's F(5x5, 3x3).
 * SPDX-License-Identifier: MIT
 *
 * Tiles go through all three steps a few at a time, so that their points stay in the cache. */
#include "embedding/winograd_conv.h"

#include "nn/winograd_filter.h"

enum {
    POINTS = DR_WINOGRAD_POINTS,
    SQUARE = DR_WINOGRAD_SQUARE,
    TILE = DR_WINOGRAD_TILE,
    TAPS = 3
};

/* |B' d B| <= 112.5 d, d >= 0, in the units of the points */
#define TRANSFORM_GAIN 112.5f

/* ---- loading ---- */

/* In 16 bits all points of a map have one unit, with which the largest that can be fits: most are
 * far smaller. So they need all 16 bits, and weights get enough where sums are exact over no more
 * than 32 channels. */
static struct dr_packing packing_of(const struct dr_loader *loader, size_t channels) {
    return loader->precision == DR_INT16
               ? (struct dr_packing){DR_INT16, channels / 32, 1, INT16_MAX}
               : DR_PACKING_FLOAT;
}

/* to[point] = G w G' times scale, points `ld` apart. */
static void transform_filter(float *to, size_t ld, double g[POINTS][TAPS],
                             const float w[TAPS * TAPS], float scale) {
    double half[POINTS][TAPS];
    for (int p = 0; p < POINTS; p++)
        for (int c = 0; c < TAPS; c++)
            half[p][c] = scale * (g[p][0] * w[c] + g[p][1] * w[3 + c] + g[p][2] * w[6 + c]);
    for (int p = 0; p < POINTS; p++)
        for (int q = 0; q < POINTS; q++, to += ld)
            *to = (float)(g[q][0] * half[p][0] + g[q][1] * half[p][1] + g[q][2] * half[p][2]);
}

struct dr_winograd_conv dr_winograd_conv_load(struct dr_loader *loader, const char *conv,
                                              const char *norm, unsigned channels,
                                              unsigned stride) {
    const size_t size = (size_t)channels * channels;
    const struct dr_affine affine = dr_load_batch_norm(loader, norm, channels, 1);
    const float *weight = dr_load_tensor(loader, conv, ".weight", 4, channels, channels, 3, 3);
    float *points = dr_loader_scratch(loader, SQUARE * size);
    double g[POINTS][TAPS];
    struct dr_winograd_conv loaded = {.precision = loader->precision,
                                      .bias = affine.shift,
                                      .channels = channels,
                                      .stride = stride};
    if (loader->err.status)
        return loaded;
    if (loader->precision == DR_INT16)
        loaded.gain = dr_gain_of(weight, channels, (size_t)9 * channels, &affine);
    dr_winograd_filter(g[0], TAPS);
    for (size_t i = 0; i < size; i++)
        transform_filter(points + i, size, g, weight + 9 * i, affine.scale[i / channels]);
    for (int p = 0; p < SQUARE; p++)
        loaded.point[p] = dr_pack_linear(loader, points + (size_t)p * size, NULL, channels,
                                         channels, packing_of(loader, channels));
    return loaded;
}

/* ---- running ---- */

/* What some tiles' points lie in: [49][point], of the input, floats or int16, and of the output. */
struct work {
    float *input, *output;
    size_t point; /* elements from one point to the next */
};

/* Their points fill about half of an L2 cache where the weights are small; where weights are large,
 * they are read less often. Multiples of 12: whole tiles of the products. */
static size_t tiles_at_once(size_t channels) {
    switch (channels) {
    case 32:
        return 24;
    case 64:
        return 36;
    default:
        return 60;
    }
}

static size_t lay_out(struct work *work, float *base, size_t channels) {
    /* A line of the cache more: points a power of 2 apart would all want the same place in it. */
    const size_t point = tiles_at_once(channels) * channels + 2 * DR_PANEL;
    *work = (struct work){base, base ? base + SQUARE * point : NULL, point};
    return 2 * SQUARE * point;
}

size_t dr_winograd_conv_scratch(size_t channels) {
    struct work unused;
    return lay_out(&unused, NULL, channels);
}

/* Columns of tiles, which go row by row: the rows of the map that two rows of tiles share lie in
 * the cache the second time. */
struct band {
    size_t column, width; /* in tiles */
};

/* A part of a row of tiles. */
struct stretch {
    size_t row, column, num; /* in tiles */
};

/* The tiles of a band from number `first` on that lie in one row, at most `most`. */
static struct stretch stretch_at(const struct band *band, size_t first, size_t most) {
    const size_t at = first % band->width, left = band->width - at;
    return (struct stretch){first / band->width, band->column + at, left < most ? left : most};
}

/* Mels of the output that a tile has. */
static size_t tile_mels(const struct dr_winograd_conv *conv) {
    return (TILE - 1) / conv->stride + 1;
}

static size_t tile_rows(const struct dr_winograd_conv *conv, const struct dr_map *in) {
    return dr_map_tiles(tile_mels(conv), in->mels / conv->stride);
}

/* The first mel of the output in a row of tiles. With a stride the last row ends where the map
 * does, which has no zeros for more. */
static size_t first_mel(const struct dr_winograd_conv *conv, const struct dr_map *in, size_t row) {
    const size_t num = tile_mels(conv), mels = in->mels / conv->stride;
    return conv->stride > 1 && (row + 1) * num > mels ? mels - num : row * num;
}

/* Where the 7 rows under a stretch of tiles begin. */
static size_t under(const struct dr_winograd_conv *conv, const struct dr_map *in,
                    const struct stretch *s) {
    return conv->stride * first_mel(conv, in, s->row) * in->row + TILE * s->column * in->channels;
}

static void transform_tiles(const struct dr_kernels *k, const struct work *work,
                            const struct dr_winograd_conv *conv, const struct dr_map *in,
                            const struct band *band, size_t first, size_t num) {
    for (size_t done = 0; done < num;) {
        const struct stretch s = stretch_at(band, first + done, num - done);
        k->winograd2_input(work->input + done * in->channels, work->point,
                           in->data + under(conv, in, &s), in->row, s.num, in->channels);
        done += s.num;
    }
}

static void multiply(const struct dr_kernels *k, const struct work *work,
                     const struct dr_winograd_conv *conv, size_t num) {
    const ptrdiff_t ld = (ptrdiff_t)conv->channels;
    for (size_t p = 0; p < SQUARE; p++)
        dr_linear_run(k, &conv->point[p], work->input + p * work->point, ld, 0,
                      work->output + p * work->point, ld, num, DR_LINEAR, NULL, 0);
}

/* What a unit of the points of `in` is worth in 16 bits; 0 for a map of zeros. */
static float unit_of(const struct dr_map *in) {
    return in->max * TRANSFORM_GAIN / INT16_MAX;
}

static void transform_tiles16(const struct dr_kernels *k, const struct work *work,
                              const struct dr_winograd_conv *conv, const struct dr_map *in,
                              const struct band *band, size_t first, size_t num) {
    int16_t *points = (int16_t *)(void *)work->input;
    const float unit = unit_of(in);
    for (size_t done = 0; done < num;) {
        const struct stretch s = stretch_at(band, first + done, num - done);
        k->winograd2_input16(points + done * in->channels, work->point,
                             in->narrow + under(conv, in, &s), in->row,
                             unit > 0.0f ? in->unit / unit : 0.0f, s.num, in->channels);
        done += s.num;
    }
}

static void multiply16(const struct dr_kernels *k, const struct work *work,
                       const struct dr_winograd_conv *conv, float unit, size_t num) {
    const int16_t *points = (const int16_t *)(const void *)work->input;
    const ptrdiff_t ld = (ptrdiff_t)conv->channels;
    for (size_t p = 0; p < SQUARE; p++) {
        const float of_point = dr_winograd2_unit(p / POINTS) * dr_winograd2_unit(p % POINTS);
        dr_linear_run16(k, &conv->point[p], points + p * work->point, ld,
                        (ptrdiff_t)conv->point[p].depth, unit * of_point, NULL,
                        work->output + p * work->point, ld, num, DR_LINEAR);
    }
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Where outputs go. */
struct target {
    struct dr_map *out;
    const struct dr_map *residual; /* or NULL */
    float residual_unit;
    float max; /* of out as it is stored */
};

/* The outputs of a stretch of tiles, whose products of the first point are at `products`. */
static void finish_stretch(const struct dr_kernels *k, const struct work *work,
                           const struct dr_winograd_conv *conv, struct target *to,
                           const struct dr_map *in, const struct stretch *s,
                           const float *products) {
    const struct dr_map *out = to->out, *residual = to->residual;
    const size_t mel = first_mel(conv, in, s->row), frame = TILE * s->column;
    const size_t rows = smaller(tile_mels(conv), out->mels - mel), at = frame * out->channels;
    const size_t frames = smaller(TILE * s->num, out->frames - frame);
    if (!out->narrow) {
        k->winograd2_output_relu(dr_map_interior(out, mel) + at, out->row, &to->max, products,
                                 work->point, conv->bias,
                                 residual ? dr_map_interior(residual, mel) + at : NULL, rows,
                                 conv->stride, frames, out->channels);
        return;
    }
    const struct dr_winograd2_output16 o = {
        .y = dr_map_narrow_interior(out, mel) + at,
        .residual = residual ? dr_map_narrow_interior(residual, mel) + at : NULL,
        .per_unit = 1.0f / out->unit,
        .residual_unit = to->residual_unit,
        .ldy = out->row,
        .max = &to->max,
        .products = products,
        .ldp = work->point,
        .bias = conv->bias,
        .num_rows = rows,
        .step = conv->stride,
        .m = frames,
        .n = out->channels,
    };
    k->winograd2_output_relu16(&o);
}

static void finish_tiles(const struct dr_kernels *k, const struct work *work,
                         const struct dr_winograd_conv *conv, struct target *to,
                         const struct dr_map *in, const struct band *band, size_t first,
                         size_t num) {
    for (size_t done = 0; done < num;) {
        const struct stretch s = stretch_at(band, first + done, num - done);
        finish_stretch(k, work, conv, to, in, &s, work->output + done * conv->channels);
        done += s.num;
    }
}

static void run_band(const struct dr_kernels *k, const struct work *work,
                     const struct dr_winograd_conv *conv, struct target *to,
                     const struct dr_map *in, const struct band *band) {
    const size_t total = tile_rows(conv, in) * band->width;
    const size_t most = tiles_at_once(conv->channels);
    for (size_t first = 0; first < total; first += most) {
        const size_t num = smaller(most, total - first);
        if (conv->precision == DR_INT16) {
            transform_tiles16(k, work, conv, in, band, first, num);
            multiply16(k, work, conv, unit_of(in), num);
        } else {
            transform_tiles(k, work, conv, in, band, first, num);
            multiply(k, work, conv, num);
        }
        finish_tiles(k, work, conv, to, in, band, first, num);
    }
}

void dr_winograd_conv_run(const struct dr_kernels *kernels, const struct dr_winograd_conv *conv,
                          struct dr_map *out, const struct dr_map *in,
                          const struct dr_map *residual, float *scratch) {
    const size_t across = dr_map_tiles(TILE, in->frames), most = tiles_at_once(conv->channels);
    struct target to = {out, residual, residual ? residual->unit : 0.0f, 0.0f};
    struct band band = {0, 0};
    struct work work;
    lay_out(&work, scratch, conv->channels);
    if (out->narrow)
        dr_map_set_unit(out, &conv->gain, in->max, residual ? residual->max : 0.0f);
    for (; band.column < across; band.column += band.width) {
        band.width = smaller(most, across - band.column);
        run_band(kernels, &work, conv, &to, in, &band);
    }
    out->max = to.max * out->unit;
}
