/* sincnet.c - the convolutions of the segmentation network: waveform -> 589 frames of 60 features.
 * SPDX-License-Identifier: MIT
 *
 * samples -> sinc filters by way of spectra, two blocks at a time
 *         -> per chunk: normalise, |.|, pool
 *         -> map_1 [5325][80] -> map_2 [1773][64] -> map_3 [589][64] -> its norm
 * Of a stream the filters' extremes are kept, from which each chunk's map_1 follows. */
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
    LENGTH = DR_BANK_LENGTH,
    STRIDE = DR_BANK_STRIDE,
    CHANNELS = DR_SINCNET_FEATURES,
    COLUMNS = DR_POOLED_CONV_COLUMNS, /* of map_2 and map_3 */
    CONV_LENGTH = 5,
    POOL = 3,
    POOLED_1 = ((DR_CHUNK_SAMPLES - LENGTH) / STRIDE + 1) / POOL, /* 5325 */
    POOLED_2 = (POOLED_1 - CONV_LENGTH + 1) / POOL,               /* 1773 */
    POOLED_3 = (POOLED_2 - CONV_LENGTH + 1) / POOL,               /* 589 */
    SINC_FRAMES = POOL * POOLED_1,
    ROW = 2 * EVEN_FILTERS + FILTERS / 2, /* values that a stream keeps for a row of map_1 */
    PAST_ROWS = POOLED_1 + 1,             /* even: halves are converted two rows at a time */
    PAST_BLOCK = 32,                      /* rows of it made as one block */
    SUMS = DR_CHUNK_SAMPLES / DR_SINCNET_SUM_SAMPLES,
    BLOCKS = DR_BANK_BLOCKS,
    TOGETHER = DR_BANK_TOGETHER,
    /* Frames of a block of the sinc layer, and of the last one of a chunk: no block needs samples
     * behind the chunk, and chunks whole seconds apart have the same blocks but for the last one.
     */
    BLOCK = 100,
    LAST_BLOCK = SINC_FRAMES % BLOCK,
    LAST_FRAME = SINC_FRAMES - LAST_BLOCK,
    CARRY = POOL - 1
};
_Static_assert((int)POOLED_3 == (int)DR_CHUNK_FRAMES, "589 frames in a chunk");
_Static_assert((int)CHANNELS == (int)DR_POOLED_CONV_CHANNELS, "features of the last convolution");
_Static_assert(DR_SINCNET_ROW_SAMPLES == STRIDE * POOL, "samples between rows");
_Static_assert(2 * ROW % 16 == 0 && PAST_ROWS % 2 == 0 && PAST_BLOCK % 2 == 0, "pairs of rows");
_Static_assert(LAST_FRAME % POOL == 0 && LAST_BLOCK % POOL == 0, "no row in two blocks");
_Static_assert((int)BLOCK <= (int)DR_BANK_FRAMES && PAST_BLOCK * POOL <= BLOCK,
               "frames of a block");

struct dr_sincnet {
    const struct dr_kernels *kernels;
    float wave_weight, wave_bias;
    struct dr_filter_bank bank;
    float filter_sum[FILTERS];   /* 0 of antisymmetric ones */
    enum dr_precision precision; /* of what is kept of a stream: floats, or in 16 bits halves */
    float half_unit;             /* what samples of at most 1 give is at most 65504 of it */
    struct dr_pooled_conv conv[2];
    const float *norm_weight, *norm_bias; /* [CHANNELS], of the last norm */
};

/* ---- loading ---- */

static void check_symmetry(const float *filter, int j, struct dr_loader *loader) {
    const float sign = j < EVEN_FILTERS ? 1.0f : -1.0f;
    for (int k = 0; k <= LENGTH / 2; k++)
        if (filter[LENGTH - 1 - k] != sign * filter[k]) {
            dr_fail(&loader->err, DIARIST_ERROR_MODEL,
                    "segmentation.sincnet.conv1d.0.weight: filter %d is not %s; import the model "
                    "again",
                    j, j < EVEN_FILTERS ? "symmetric" : "antisymmetric");
            return;
        }
}

static void load_bank(struct dr_sincnet *net, struct dr_loader *loader, const float *filters) {
    float *packed =
        dr_arena_alloc(loader->arena, EVEN_FILTERS / BLOCKS * DR_BANK_SPECTRA, sizeof *packed);
    struct dr_bank_tables *tables = dr_arena_alloc(loader->arena, 1, sizeof *tables);
    float *scratch = dr_loader_scratch(loader, DR_BANK_SCRATCH + DR_BANK_SPECTRA);
    if (!packed || !tables)
        dr_fail_memory(&loader->err);
    if (loader->err.status)
        return;
    dr_make_bank_tables(tables);
    dr_pack_filters(packed, net->kernels, tables, filters, filters + EVEN_FILTERS * LENGTH,
                    EVEN_FILTERS, scratch);
    net->bank = (struct dr_filter_bank){packed, tables, EVEN_FILTERS};
}

static void load_sinc(struct dr_sincnet *net, struct dr_loader *loader) {
    const float *filters = dr_load_tensor(loader, "segmentation.sincnet.conv1d.0", ".weight", 2,
                                          FILTERS, LENGTH, 0, 0);
    double most = 0.0;
    for (int j = 0; j < FILTERS && !loader->err.status; j++) {
        double sum = 0.0, magnitudes = 0.0;
        check_symmetry(filters + j * LENGTH, j, loader);
        for (int k = 0; k < LENGTH; k++) {
            sum += filters[j * LENGTH + k];
            magnitudes += fabs((double)filters[j * LENGTH + k]);
        }
        net->filter_sum[j] = j < EVEN_FILTERS ? (float)sum : 0.0f;
        most = fmax(most, magnitudes);
    }
    net->half_unit = ldexpf(1.0f, ilogb(fmax(most, 1e-6)) - 14);
    if (!loader->err.status)
        load_bank(net, loader, filters);
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
    net->precision = loader->precision;
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
    float *spectra; /* of BLOCKS blocks */
    float *bank;    /* for the filter bank */
    float *sinc;    /* [CARRY + TOGETHER * BLOCK][80] */
    float *rows;    /* [TOGETHER * PAST_BLOCK][ROW] */
    float *map_1;   /* [batch][POOLED_1][80] */
    float *map_2;   /* [POOLED_2][COLUMNS] */
    float *map_3;   /* [589][COLUMNS] */
    float *conv;    /* for the convolutions */
};

static size_t lay_out(struct scratch *s, float *base, size_t batch) {
    size_t used = 0;
    struct scratch unused;
    s = s ? s : &unused;
#define TAKE(field, count) (s->field = base ? base + used : NULL, used += DR_PADDED(count))
    TAKE(spectra, DR_BANK_SPECTRA);
    TAKE(bank, DR_BANK_SCRATCH);
    TAKE(sinc, (CARRY + TOGETHER * BLOCK) * FILTERS);
    TAKE(rows, TOGETHER * PAST_BLOCK * ROW);
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

/* Of DR_SINCNET_SUM_SAMPLES, in lanes: a single sum is one long chain. */
enum { LANES = 8 };
static struct dr_sample_sums sum_samples(const float *samples) {
    struct dr_sample_sums sums = {0};
    double lane[LANES] = {0}, square[LANES] = {0};
    for (size_t i = 0; i < DR_SINCNET_SUM_SAMPLES; i += LANES)
        for (size_t l = 0; l < LANES; l++) {
            const double x = samples[i + l];
            lane[l] += x;
            square[l] += x * x;
        }
    for (size_t l = 0; l < LANES; l++) {
        sums.sum += lane[l];
        sums.squares += square[l];
    }
    return sums;
}

static void add_sums(struct dr_sample_sums *sums, struct dr_sample_sums more) {
    sums->sum += more.sum;
    sums->squares += more.squares;
}

static struct dr_sample_sums sum_chunk(const float *samples) {
    struct dr_sample_sums sums = {0};
    for (size_t b = 0; b < SUMS; b++)
        add_sums(&sums, sum_samples(samples + b * DR_SINCNET_SUM_SAMPLES));
    return sums;
}

/* Instance norm of the waveform, an affine map of its samples, as it acts on the filters. */
static void start_chunk(struct chunk *chunk, const struct dr_sincnet *net,
                        struct dr_sample_sums sums) {
    double mean = sums.sum / DR_CHUNK_SAMPLES;
    double variance = fmax(sums.squares / DR_CHUNK_SAMPLES - mean * mean, 0.0);
    double scale = net->wave_weight / sqrt(variance + DR_NORM_EPS);
    double shift = net->wave_bias - mean * scale;
    chunk->scale = (float)scale;
    for (int j = 0; j < FILTERS; j++)
        chunk->shift[j] = (float)(shift * net->filter_sum[j]);
}

/* Samples of so many frames. */
static size_t samples_of(size_t frames) {
    return (frames - 1) * STRIDE + LENGTH;
}

/* Spectra of the next blocks of `frames` frames, of no more than num_frames from samples on ->
 * s->spectra. */
static void transform(const struct dr_sincnet *net, const float *samples, size_t frames,
                      size_t num_frames, const struct scratch *s) {
    const size_t num = (num_frames + frames - 1) / frames;
    const struct dr_blocks blocks = {.x = samples,
                                     .step = frames * STRIDE,
                                     .width = samples_of(frames),
                                     .n = samples_of(num_frames),
                                     .num = num < BLOCKS ? num : BLOCKS};
    net->kernels->block_spectra(s->spectra, &blocks, net->bank.tables, s->bank);
}

/* Blocks `block` and the next one of s->spectra -> sinc[TOGETHER * frames][80]. */
static void filter(const struct dr_sincnet *net, float *sinc, size_t block, size_t frames,
                   const struct scratch *s) {
    net->kernels->filter_spectra(sinc, &net->bank, s->spectra + block, frames, s->bank);
}

/* Takes what there is for the chunk, but for its last block, among the sinc frames [begin, end). */
static void pool_sinc(const struct dr_sincnet *net, struct chunk *chunk, const float *sinc,
                      size_t begin, size_t end) {
    const size_t next = chunk->first + POOL * chunk->pooled;
    if (next >= end)
        return;
    size_t rows = (end - next) / POOL;
    if (rows > LAST_FRAME / POOL - chunk->pooled)
        rows = LAST_FRAME / POOL - chunk->pooled;
    net->kernels->abs_max_pool3(chunk->map_1 + chunk->pooled * FILTERS,
                                sinc + (next - begin) * FILTERS, chunk->scale, chunk->shift, rows,
                                FILTERS);
    chunk->pooled += rows;
}

/* The last blocks of chunks that are `step` samples apart. */
static void pool_last_blocks(const struct dr_sincnet *net, const struct chunk *chunks,
                             const float *samples, size_t step, size_t num,
                             const struct scratch *s) {
    const struct dr_blocks blocks = {.x = samples + LAST_FRAME * STRIDE,
                                     .step = step,
                                     .width = samples_of(LAST_BLOCK),
                                     .n = (num - 1) * step + samples_of(LAST_BLOCK),
                                     .num = num};
    net->kernels->block_spectra(s->spectra, &blocks, net->bank.tables, s->bank);
    for (size_t i = 0; i < num; i++) {
        if (i % TOGETHER == 0)
            filter(net, s->sinc, i, LAST_BLOCK, s);
        net->kernels->abs_max_pool3(chunks[i].map_1 + LAST_FRAME / POOL * FILTERS,
                                    s->sinc + i % TOGETHER * LAST_BLOCK * FILTERS, chunks[i].scale,
                                    chunks[i].shift, LAST_BLOCK / POOL, FILTERS);
    }
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

/* Chunks whose blocks lie on one grid. */
static void run_shared(const struct dr_sincnet *net, float *sequence, const float *samples,
                       size_t step, size_t num, size_t index, size_t batch,
                       const struct scratch *s) {
    struct chunk chunks[DR_SINCNET_BATCH];
    for (size_t i = 0; i < num; i++) {
        chunks[i].first = i * step / STRIDE;
        chunks[i].pooled = 0;
        chunks[i].map_1 = s->map_1 + i * POOLED_1 * FILTERS;
        start_chunk(&chunks[i], net, sum_chunk(samples + i * step));
    }
    pool_last_blocks(net, chunks, samples, step, num, s);
    size_t end = chunks[num - 1].first + LAST_FRAME, carried = 0, done = 0;
    for (size_t first = 0; first < end; first += TOGETHER * BLOCK) {
        const size_t block = first / BLOCK % BLOCKS;
        const size_t frames = end - first < TOGETHER * BLOCK ? end - first : TOGETHER * BLOCK;
        if (block == 0)
            transform(net, samples + first * STRIDE, BLOCK, end - first, s);
        filter(net, s->sinc + carried * FILTERS, block, BLOCK, s);
        for (size_t i = done; i < num; i++)
            pool_sinc(net, &chunks[i], s->sinc, first - carried, first + frames);
        for (; done < num && chunks[done].pooled == LAST_FRAME / POOL; done++)
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
    if (step % (BLOCK * STRIDE) == 0) {
        run_shared(net, sequence, samples, step, batch, 0, batch, &s);
        return;
    }
    for (size_t i = 0; i < batch; i++)
        run_shared(net, sequence, samples + i * step, 0, 1, i, batch, &s);
}

void dr_sincnet_run_chunk(const struct dr_sincnet *net, float *sequence, const float *samples,
                          size_t index, size_t batch, float *scratch) {
    struct scratch s;
    lay_out(&s, scratch, 1);
    run_shared(net, sequence, samples, 0, 1, index, batch, &s);
}

/* ---- a stream ---- */

static size_t row_bytes(enum dr_precision precision) {
    return ROW * (precision == DR_INT16 ? sizeof(dr_half) : sizeof(float));
}

size_t dr_sincnet_past_bytes(enum dr_precision precision) {
    return SUMS * sizeof(struct dr_sample_sums) + PAST_ROWS * row_bytes(precision);
}

void dr_sincnet_past_init(struct dr_sincnet_past *past, void *memory) {
    struct dr_sample_sums *sums = memory;
    *past = (struct dr_sincnet_past){.row = sums + SUMS, .sums = sums};
}

size_t dr_sincnet_past_needs(const struct dr_sincnet_past *past) {
    /* From the last pair of rows on, the second of which may be missing. */
    const size_t rows = past->num_rows / 2 * 2 * DR_SINCNET_ROW_SAMPLES;
    const size_t sums = past->num_sums * DR_SINCNET_SUM_SAMPLES;
    return rows < sums ? rows : sums;
}

/* Rows at a place of the ring, the first of which is even, to it and from it. */
static void store_rows(const struct dr_sincnet *net, struct dr_sincnet_past *past, size_t place,
                       float *rows, size_t num) {
    if (net->precision == DR_INT16) {
        memset(rows + num * ROW, 0, num % 2 * ROW * sizeof *rows);
        net->kernels->to_half((dr_half *)past->row + place * ROW, rows, 1.0f / net->half_unit,
                              (num + num % 2) * ROW);
    } else {
        memcpy((float *)past->row + place * ROW, rows, num * ROW * sizeof *rows);
    }
}

static const float *load_rows(const struct dr_sincnet *net, const struct dr_sincnet_past *past,
                              size_t place, float *rows, size_t num) {
    if (net->precision != DR_INT16)
        return (const float *)past->row + place * ROW;
    net->kernels->from_half(rows, (const dr_half *)past->row + place * ROW, net->half_unit,
                            (num + num % 2) * ROW);
    return rows;
}

/* How many of `left` rows from row number `row` on are done at a time, up to the ring's end. */
static size_t rows_at_a_time(size_t row, size_t left, size_t most) {
    const size_t to_end = PAST_ROWS - row % PAST_ROWS;
    const size_t num = left < most ? left : most;
    return num < to_end ? num : to_end;
}

/* num <= BLOCKS * PAST_BLOCK rows from samples on, to a place of the ring. */
static void hear_rows(const struct dr_sincnet *net, struct dr_sincnet_past *past, size_t place,
                      const float *samples, size_t num, const struct scratch *s) {
    const size_t n = samples_of(POOL * num), pair = TOGETHER * PAST_BLOCK;
    float loudest = 0.0f;
    net->kernels->max_abs(&loudest, samples, (ptrdiff_t)n, 1, n);
    if (loudest > 0.0f)
        transform(net, samples, POOL * PAST_BLOCK, POOL * num, s);
    else
        memset(s->rows, 0, pair * ROW * sizeof *s->rows);
    for (size_t done = 0; done < num; done += pair) {
        const size_t rows = num - done < pair ? num - done : pair;
        if (loudest > 0.0f) {
            filter(net, s->sinc, done / PAST_BLOCK, POOL * PAST_BLOCK, s);
            net->kernels->extremes_pool3(s->rows, s->sinc, rows, EVEN_FILTERS);
        }
        store_rows(net, past, place + done, s->rows, rows);
    }
}

void dr_sincnet_hear(const struct dr_sincnet *net, struct dr_sincnet_past *past,
                     const float *samples, size_t first, size_t end, float *scratch) {
    struct scratch s;
    lay_out(&s, scratch, 1);
    for (; (past->num_sums + 1) * DR_SINCNET_SUM_SAMPLES <= end; past->num_sums++)
        past->sums[past->num_sums % SUMS] =
            sum_samples(samples + past->num_sums * DR_SINCNET_SUM_SAMPLES - first);
    /* A row is of three frames of LENGTH. */
    const size_t behind = LENGTH - STRIDE;
    const size_t rows = end > behind ? (end - behind) / DR_SINCNET_ROW_SAMPLES : 0;
    if (rows <= past->num_rows)
        return;
    for (size_t row = past->num_rows / 2 * 2, num; row < rows; row += num) {
        num = rows_at_a_time(row, rows - row, BLOCKS * PAST_BLOCK);
        hear_rows(net, past, row % PAST_ROWS, samples + row * DR_SINCNET_ROW_SAMPLES - first, num,
                  &s);
    }
    past->num_rows = rows;
}

void dr_sincnet_run_past(const struct dr_sincnet *net, float *sequence,
                         const struct dr_sincnet_past *past, size_t first, size_t index,
                         size_t batch, float *scratch) {
    struct scratch s;
    struct chunk chunk;
    struct dr_sample_sums sums = {0};
    const size_t first_row = first / DR_SINCNET_ROW_SAMPLES;
    const size_t first_sum = first / DR_SINCNET_SUM_SAMPLES;
    lay_out(&s, scratch, 1);
    for (size_t b = first_sum; b < first_sum + SUMS; b++)
        add_sums(&sums, past->sums[b % SUMS]);
    start_chunk(&chunk, net, sums);
    for (size_t done = 0, num; done < POOLED_1; done += num) {
        const size_t row = first_row + done;
        num = rows_at_a_time(row, POOLED_1 - done, PAST_BLOCK);
        const float *rows = load_rows(net, past, row % PAST_ROWS, s.rows, num);
        net->kernels->abs_max_extremes(s.map_1 + done * FILTERS, rows, chunk.scale, chunk.shift,
                                       num, EVEN_FILTERS);
    }
    finish_chunk(net, sequence, s.map_1, index, batch, &s);
}
