/* check_filter_bank.c - filters by way of spectra: spectra against a DFT in double, what comes back
 * against frames times filters in double.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "checkkern.h"

#define NMSE_BOUND 1e-12
#define QUIET_BOUND 1e-9 /* 80 dB below what is loud; products of floats have 1e-7 there */
#define N DR_BANK_SAMPLES
#define LENGTH DR_BANK_LENGTH
#define HALF (LENGTH / 2)
#define FILTERS 16 /* of each kind */

static const char *const data_names[] = {"uniform", "zeros", "denormals", "large", "mixed"};

static float *scratch_floats(void) {
    return guarded_floats(DR_BANK_SCRATCH, AT_END);
}

static const struct dr_bank_tables *make_tables(void) {
    struct dr_bank_tables *tables = guarded(sizeof *tables, AT_END);
    dr_make_bank_tables(tables);
    return tables;
}

/* Samples of block b, the middle of its first frame being number 0. */
static double sample_of(const struct dr_blocks *blocks, size_t b, size_t place) {
    const size_t i = (place + HALF) % N, at = b * blocks->step + i;
    return b < blocks->num && i < blocks->width && at < blocks->n ? blocks->x[at] : 0.0;
}

static void check_bins(const float *spectra, const struct dr_blocks *blocks, size_t b,
                       const char *what) {
    static double cosine[N];
    struct nmse e = {0, 0};
    for (size_t i = 0; i < N; i++)
        cosine[i] = cos(2.0 * acos(-1.0) * (double)i / N);
    /* Every fifth q is enough to show a wrong turn. */
    for (size_t q = 0; q <= DR_BANK_POINTS / 2; q += q == 60 ? 4 : 5)
        for (size_t r = 0; r < DR_BANK_STRIDE; r++) {
            const float *bin = spectra + (q * DR_BANK_STRIDE + r) * 2 * DR_BANK_BLOCKS + b;
            const size_t k = q + DR_BANK_POINTS * r;
            double re = 0.0, im = 0.0;
            for (size_t i = 0; i < N; i++) {
                const double x = 2.0 * sample_of(blocks, b, i);
                re += x * cosine[k * i % N];
                im += x * cosine[(k * i + N / 4) % N];
            }
            e.error += pow(bin[0] - re, 2.0) + pow(bin[DR_BANK_BLOCKS] - im, 2.0);
            e.power += re * re + im * im;
        }
    expect(nmse_below(&e, NMSE_BOUND), "%s, block %zu of %zu: NMSE %.2g above %.0g", what, b,
           blocks->num, e.error / e.power, NMSE_BOUND);
}

void check_block_spectra(const struct check *t) {
    static const struct dr_blocks shapes[] = {
        {NULL, 1000, 1241, 8241, 8}, {NULL, 960, 1201, 2300, 3}, {NULL, 2500, 991, 3000, 2},
        {NULL, 0, 1280, 1280, 1},    {NULL, 251, 251, 2000, 8},  {NULL, 200, 130, 100, 1}};
    for (size_t i = 0; i < COUNT(shapes); i++)
        for (int data = 0; data < NUM_DATA; data++) {
            const enum placement place = (enum placement)((i + (size_t)data) % NUM_PLACEMENTS);
            struct dr_blocks blocks = shapes[i];
            float *spectra = guarded_floats(DR_BANK_SPECTRA, place);
            blocks.x = random_floats(blocks.n, (enum data)data, place);
            t->k.block_spectra(spectra, &blocks, make_tables(), scratch_floats());
            /* A lane of each half, and one that may not be there. */
            for (size_t b = 0; b < DR_BANK_BLOCKS; b += b == 3 ? 1 : 3)
                check_bins(spectra, &blocks, b, data_names[data]);
            release_all();
        }
}

/* ---- filter_spectra ---- */

/* Filters, whole ones; symmetric ones first. */
static float *make_filters(enum data data) {
    float *filters = random_floats((size_t)2 * FILTERS * LENGTH, data, AT_END);
    for (size_t j = 0; j < 2 * FILTERS; j++) {
        float *filter = filters + j * LENGTH;
        for (size_t k = 0; k < HALF; k++)
            filter[LENGTH - 1 - k] = j < FILTERS ? filter[k] : -filter[k];
        filter[HALF] = j < FILTERS ? filter[HALF] : 0.0f;
    }
    return filters;
}

static struct dr_filter_bank make_bank(const struct check *t, const float *filters) {
    float *packed = guarded_floats((size_t)FILTERS / DR_BANK_BLOCKS * DR_BANK_SPECTRA, AT_START);
    const struct dr_bank_tables *tables = make_tables();
    dr_pack_filters(packed, &t->k, tables, filters, filters + FILTERS * LENGTH, FILTERS,
                    guarded_floats(DR_BANK_SCRATCH + DR_BANK_SPECTRA, AT_END));
    return (struct dr_filter_bank){packed, tables, FILTERS};
}

static void check_frames(const float *y, const float *x, size_t frames, const float *filters,
                         double bound, const char *what) {
    struct nmse e = {0, 0};
    for (size_t i = 0; i < frames; i++)
        for (size_t j = 0; j < 2 * FILTERS; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < LENGTH; k++)
                sum += (double)x[i * DR_BANK_STRIDE + k] * filters[j * LENGTH + k];
            e.error += pow(y[i * 2 * FILTERS + j] - sum, 2.0);
            e.power += sum * sum;
        }
    expect(nmse_below(&e, bound), "%s, %zu frames: NMSE %.2g above %.0g", what, frames,
           e.error / e.power, bound);
}

static void check_pair(const struct check *t, size_t frames, enum data data, enum placement place) {
    const float *filters = make_filters(data == ZEROS || data == DENORMALS ? UNIFORM : data);
    const struct dr_filter_bank bank = make_bank(t, filters);
    const size_t width = (frames - 1) * DR_BANK_STRIDE + LENGTH, step = frames * DR_BANK_STRIDE;
    const size_t n = 3 * step + width, floats = 2 * frames * 2 * FILTERS;
    const float *x = random_floats(n, data, place);
    const struct dr_blocks blocks = {x, step, width, n, 4}, alone = {x + step, 0, width, width, 1};
    float *spectra = guarded_floats(DR_BANK_SPECTRA, place), *scratch = scratch_floats();
    float *y = guarded_floats(floats, place), *other = guarded_floats(floats, place);
    t->k.block_spectra(spectra, &blocks, bank.tables, scratch);
    for (size_t b = 0; b < blocks.num; b += DR_BANK_TOGETHER) {
        t->k.filter_spectra(y, &bank, spectra + b, frames, scratch);
        for (size_t i = 0; i < DR_BANK_TOGETHER; i++)
            check_frames(y + i * frames * 2 * FILTERS, x + (b + i) * step, frames, filters,
                         NMSE_BOUND, data_names[data]);
    }
    t->k.filter_spectra(y, &bank, spectra, frames, scratch);
    t->k.block_spectra(spectra, &alone, bank.tables, scratch);
    t->k.filter_spectra(other, &bank, spectra, frames, scratch);
    expect(!memcmp(other, y + floats / 2, floats / 2 * sizeof *y),
           "%s, %zu frames: a block alone has other bits than among four", data_names[data],
           frames);
    release_all();
}

/* Filters of high notes over a loud low one, where there is only noise of 80 dB less for them. */
static void check_quiet_notes(const struct check *t) {
    enum { FRAMES = 100, SIZE = (FRAMES - 1) * DR_BANK_STRIDE + LENGTH };
    const double turn = 2.0 * acos(-1.0);
    float *filters = guarded_floats((size_t)2 * FILTERS * LENGTH, AT_END);
    float *x = guarded_floats(SIZE, AT_END);
    float *spectra = guarded_floats(DR_BANK_SPECTRA, AT_END), *scratch = scratch_floats();
    float *y = guarded_floats((size_t)DR_BANK_TOGETHER * FRAMES * 2 * FILTERS, AT_END);
    for (int j = 0; j < FILTERS; j++)
        for (int k = -HALF; k <= HALF; k++) {
            const double window = 0.5 + 0.5 * cos(turn * k / (LENGTH + 1));
            const double phase = turn * (0.25 + j / 70.0) * k;
            filters[j * LENGTH + HALF + k] = (float)(window * cos(phase));
            filters[(FILTERS + j) * LENGTH + HALF + k] = (float)(window * sin(phase));
        }
    for (size_t i = 0; i < SIZE; i++)
        x[i] = (float)(sin(turn * 0.01 * (double)i) + 1e-4 * uniform());
    const struct dr_filter_bank bank = make_bank(t, filters);
    const struct dr_blocks blocks = {x, SIZE, SIZE, SIZE, 1};
    t->k.block_spectra(spectra, &blocks, bank.tables, scratch);
    t->k.filter_spectra(y, &bank, spectra, FRAMES, scratch);
    check_frames(y, x, FRAMES, filters, QUIET_BOUND, "high notes");
    release_all();
}

void check_filter_spectra(const struct check *t) {
    check_quiet_notes(t);
    static const size_t frames[] = {1, 25, 75, 96, 100, DR_BANK_FRAMES};
    for (size_t i = 0; i < COUNT(frames); i++)
        for (int data = 0; data < NUM_DATA; data++)
            check_pair(t, frames[i], (enum data)data,
                       (enum placement)((i + (size_t)data) % NUM_PLACEMENTS));
}

/* ---- bench: the segmentation network's ---- */

struct operands {
    float *y, *spectra, *scratch;
    struct dr_blocks blocks;
    struct dr_filter_bank bank;
};

static struct operands make_operands(void) {
    enum { COLUMNS = 40, FRAMES = 100, SIZE = 8 * DR_BANK_STRIDE * FRAMES + LENGTH };
    const struct dr_blocks blocks = {random_floats(SIZE, UNIFORM, AT_START),
                                     (size_t)DR_BANK_STRIDE * FRAMES, 1241, SIZE, 8};
    const struct dr_filter_bank bank = {
        random_floats((size_t)COLUMNS / DR_BANK_BLOCKS * DR_BANK_SPECTRA, UNIFORM, AT_START),
        make_tables(), COLUMNS};
    return (struct operands){
        guarded_floats((size_t)DR_BANK_TOGETHER * FRAMES * 2 * COLUMNS, AT_START),
        random_floats(DR_BANK_SPECTRA, UNIFORM, AT_START), scratch_floats(), blocks, bank};
}

DEFINE_BENCH(block_spectra, "8 blocks", struct operands, make_operands(),
             (o->spectra, &o->blocks, o->bank.tables, o->scratch))
DEFINE_BENCH(filter_spectra, "2 x 100 x 80", struct operands, make_operands(),
             (o->y, &o->bank, o->spectra, 100, o->scratch))
