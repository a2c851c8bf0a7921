/* sincnet.c - the convolutions of the segmentation network: waveform -> 589 frames of 60 features.
 * SPDX-License-Identifier: MIT
 *
 * samples -> folded frames -> sinc filters, a block at a time -> per chunk: normalise, |.|, pool
 *         -> map_1 [5325][80] -> map_2 [1773][64] -> map_3 [589][64] -> its norm */
#include "segmentation/sincnet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "segmentation/pooled_conv.h"
#include "types.h"

enum {
    FILTERS = 80,
    EVEN_FILTERS = FILTERS / 2, /* the first half are symmetric, the others antisymmetric */
    LENGTH = 251,
    HALF = LENGTH / 2,
    FOLDED = HALF + 1,
    STRIDE = 10,
    CHANNELS = DR_SINCNET_FEATURES,
    COLUMNS = DR_POOLED_CONV_COLUMNS, /* of map_2 and map_3 */
    CONV_LENGTH = 5,
    POOL = 3,
    POOLED_1 = ((DR_CHUNK_SAMPLES - LENGTH) / STRIDE + 1) / POOL, /* 5325 */
    POOLED_2 = (POOLED_1 - CONV_LENGTH + 1) / POOL,               /* 1773 */
    POOLED_3 = (POOLED_2 - CONV_LENGTH + 1) / POOL,               /* 589 */
    SINC_FRAMES = POOL * POOLED_1,
    SINC_BLOCK = 96, /* frames of the sinc layer made at a time: they stay in L2 */
    CARRY = POOL - 1
};
_Static_assert((int)POOLED_3 == (int)DR_CHUNK_FRAMES, "589 frames in a chunk");
_Static_assert((int)CHANNELS == (int)DR_POOLED_CONV_CHANNELS, "features of the last convolution");

struct dr_sincnet {
    const struct dr_kernels *kernels;
    float wave_weight, wave_bias;
    struct dr_linear even, odd; /* halves of the filters, over folded frames */
    float filter_sum[FILTERS];
    struct dr_pooled_conv conv[2];
    const float *norm_weight, *norm_bias; /* [CHANNELS], of the last norm */
};

/* ---- loading ---- */

/* Filter j as the half that is left when its frame is folded. */
static void fold_filter(float half[FOLDED], const float *filter, int j, struct dr_loader *loader) {
    const float sign = j < EVEN_FILTERS ? 1.0f : -1.0f;
    for (int k = 0; k <= HALF; k++) {
        half[k] = k == HALF && j >= EVEN_FILTERS ? 0.0f : filter[k];
        if (filter[LENGTH - 1 - k] != (k == HALF ? half[k] : sign * filter[k])) {
            dr_fail(&loader->err, DIARIST_ERROR_MODEL,
                    "segmentation.sincnet.conv1d.0.weight: filter %d is not %s; import the model "
                    "again",
                    j, j < EVEN_FILTERS ? "symmetric" : "antisymmetric");
            return;
        }
    }
}

static void load_sinc(struct dr_sincnet *net, struct dr_loader *loader) {
    const float *filters = dr_load_tensor(loader, "segmentation.sincnet.conv1d.0", ".weight", 2,
                                          FILTERS, LENGTH, 0, 0);
    float *folded = dr_loader_scratch(loader, FILTERS * FOLDED);
    for (int j = 0; j < FILTERS && !loader->err.status; j++) {
        double sum = 0.0;
        fold_filter(folded + j * FOLDED, filters + j * LENGTH, j, loader);
        for (int k = 0; k < LENGTH; k++)
            sum += filters[j * LENGTH + k];
        net->filter_sum[j] = (float)sum;
    }
    if (!loader->err.status) {
        net->even = dr_pack_linear(loader, folded, NULL, FOLDED, EVEN_FILTERS, DR_PACKING_FLOAT);
        net->odd = dr_pack_linear(loader, folded + EVEN_FILTERS * FOLDED, NULL, FOLDED,
                                  EVEN_FILTERS, DR_PACKING_FLOAT);
    }
}

struct dr_sincnet *dr_sincnet_load(struct dr_loader *loader, const struct dr_kernels *kernels) {
    struct dr_sincnet *net = dr_arena_zalloc(loader->arena, 1, sizeof *net);
    if (!net) {
        dr_fail_memory(&loader->err);
        return NULL;
    }
    const char *wave = "segmentation.sincnet.wav_norm1d";
    const float *wave_weight = dr_load_tensor(loader, wave, ".weight", 1, 1, 0, 0, 0);
    const float *wave_bias = dr_load_tensor(loader, wave, ".bias", 1, 1, 0, 0, 0);
    net->kernels = kernels;
    load_sinc(net, loader);
    net->conv[0] = dr_pooled_conv_load(loader, 0, FILTERS);
    net->conv[1] = dr_pooled_conv_load(loader, 1, CHANNELS);
    net->norm_weight = dr_load_instance_norm(loader, 2, ".weight", CHANNELS);
    net->norm_bias = dr_load_instance_norm(loader, 2, ".bias", CHANNELS);
    if (loader->err.status)
        return NULL;
    net->wave_weight = *wave_weight;
    net->wave_bias = *wave_bias;
    return net;
}

/* ---- running ---- */

/* A chunk on its way through the sinc layer. */
struct chunk {
    size_t first;         /* sinc frame that is its first */
    size_t pooled;        /* rows of map_1 made so far */
    float scale;          /* of its normalisation */
    float shift[FILTERS]; /* what its normalisation adds to each filter's output */
    float *map_1;
};

/* Scratch of one call, floats. */
struct scratch {
    float *even, *odd, *half; /* [SINC_BLOCK][FOLDED] folded frames; [SINC_BLOCK][40] */
    float *sinc;              /* [CARRY + SINC_BLOCK][80] */
    float *map_1;             /* [batch][POOLED_1][80] */
    float *map_2;             /* [POOLED_2][COLUMNS] */
    float *map_3;             /* [589][COLUMNS] */
    float *conv;              /* for the convolutions */
};

static size_t lay_out(struct scratch *s, float *base, size_t batch) {
    size_t used = 0;
    struct scratch unused;
    s = s ? s : &unused;
#define TAKE(field, count) (s->field = base ? base + used : NULL, used += DR_PADDED(count))
    TAKE(even, SINC_BLOCK * FOLDED);
    TAKE(odd, SINC_BLOCK * FOLDED);
    TAKE(sinc, (CARRY + SINC_BLOCK) * FILTERS);
    TAKE(map_1, batch * POOLED_1 * FILTERS);
    TAKE(map_2, (size_t)POOLED_2 * COLUMNS);
    TAKE(map_3, (size_t)POOLED_3 * COLUMNS);
    TAKE(conv, dr_pooled_conv_scratch());
#undef TAKE
    return used;
}

size_t dr_sincnet_scratch(size_t batch) {
    return lay_out(NULL, NULL, batch);
}

/* Sums of the samples and of their squares, in lanes: a single sum is one long chain. */
enum { LANES = 8 };
static void sum_samples(double *sum, double *squares, const float *samples) {
    double lane[LANES] = {0}, square[LANES] = {0};
    for (size_t i = 0; i < DR_CHUNK_SAMPLES; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
            const double x = samples[i + l];
            lane[l] += x;
            square[l] += x * x;
        }
    *sum = *squares = 0.0;
    for (size_t l = 0; l < LANES; l++) {
        *sum += lane[l];
        *squares += square[l];
    }
}

/* Instance norm of the waveform, an affine map of its samples, as it acts on the filters. */
static void start_chunk(struct chunk *chunk, const struct dr_sincnet *net, const float *samples) {
    double sum, squares;
    sum_samples(&sum, &squares, samples);
    double mean = sum / DR_CHUNK_SAMPLES;
    double variance = fmax(squares / DR_CHUNK_SAMPLES - mean * mean, 0.0);
    double scale = net->wave_weight / sqrt(variance + DR_NORM_EPS);
    double shift = net->wave_bias - mean * scale;
    chunk->scale = (float)scale;
    for (int j = 0; j < FILTERS; j++)
        chunk->shift[j] = (float)(shift * net->filter_sum[j]);
}

/* frames of the sinc layer from samples on -> sinc[frames][80] */
static void filter(const struct dr_sincnet *net, float *sinc, const float *samples, size_t frames,
                   const struct scratch *s) {
    net->kernels->fold_frames(s->even, s->odd, samples, STRIDE, HALF, frames);
    dr_linear_run(net->kernels, &net->even, s->even, FOLDED, 0, sinc, FILTERS, frames, DR_LINEAR,
                  NULL, 0);
    dr_linear_run(net->kernels, &net->odd, s->odd, FOLDED, 0, sinc + EVEN_FILTERS, FILTERS, frames,
                  DR_LINEAR, NULL, 0);
}

/* Takes what there is for the chunk among the sinc frames [begin, end). */
static void pool_sinc(const struct dr_sincnet *net, struct chunk *chunk, const float *sinc,
                      size_t begin, size_t end) {
    const size_t next = chunk->first + POOL * chunk->pooled;
    if (next >= end)
        return;
    size_t rows = (end - next) / POOL;
    if (rows > POOLED_1 - chunk->pooled)
        rows = POOLED_1 - chunk->pooled;
    net->kernels->abs_max_pool3(chunk->map_1 + chunk->pooled * FILTERS,
                                sinc + (next - begin) * FILTERS, chunk->scale, chunk->shift, rows,
                                FILTERS);
    chunk->pooled += rows;
}

/* map_1 -> column `index` of sequence[589][batch][60]. */
static void finish_chunk(const struct dr_sincnet *net, float *sequence, float *map_1, size_t index,
                         size_t batch, const struct scratch *s) {
    const struct dr_kernels *k = net->kernels;
    struct dr_instance_norm norm;
    dr_pooled_conv_run(k, &net->conv[0], s->map_2, map_1, POOLED_1, s->conv);
    dr_pooled_conv_run(k, &net->conv[1], s->map_3, s->map_2, POOLED_2, s->conv);
    k->instance_norm(&norm, s->map_3, net->norm_weight, net->norm_bias, POOLED_3, COLUMNS);
    k->norm_leaky(sequence + index * CHANNELS, (ptrdiff_t)(batch * CHANNELS), s->map_3, COLUMNS,
                  &norm, POOLED_3, CHANNELS);
}

/* Chunks whose sinc frames lie on one grid. */
static void run_shared(const struct dr_sincnet *net, float *sequence, const float *samples,
                       size_t step, size_t num, size_t index, size_t batch,
                       const struct scratch *s) {
    struct chunk chunks[DR_SINCNET_BATCH];
    for (size_t i = 0; i < num; i++) {
        chunks[i].first = i * step / STRIDE;
        chunks[i].pooled = 0;
        chunks[i].map_1 = s->map_1 + i * POOLED_1 * FILTERS;
        start_chunk(&chunks[i], net, samples + i * step);
    }
    size_t end = chunks[num - 1].first + SINC_FRAMES, carried = 0, done = 0;
    for (size_t first = 0; first < end; first += SINC_BLOCK) {
        const size_t frames = end - first < SINC_BLOCK ? end - first : SINC_BLOCK;
        filter(net, s->sinc + carried * FILTERS, samples + first * STRIDE, frames, s);
        for (size_t i = done; i < num; i++)
            pool_sinc(net, &chunks[i], s->sinc, first - carried, first + frames);
        for (; done < num && chunks[done].pooled == POOLED_1; done++)
            finish_chunk(net, sequence, chunks[done].map_1, index + done, batch, s);
        /* A group of three may lie across two blocks. */
        memmove(s->sinc, s->sinc + (carried + frames - CARRY) * FILTERS,
                CARRY * FILTERS * sizeof *s->sinc);
        carried = CARRY;
    }
}

void dr_sincnet_run(const struct dr_sincnet *net, float *sequence, const float *samples,
                    size_t step, size_t batch, float *scratch) {
    struct scratch s;
    lay_out(&s, scratch, batch);
    if (step % STRIDE == 0) {
        run_shared(net, sequence, samples, step, batch, 0, batch, &s);
        return;
    }
    for (size_t i = 0; i < batch; i++)
        run_shared(net, sequence, samples + i * step, 0, 1, i, batch, &s);
}
