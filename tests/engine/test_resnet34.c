/* test_resnet34.c - the embedding network of community-1 against its definition in double.
 * SPDX-License-Identifier: MIT
 *
 * Random weights in a model file in memory, named and ordered as docs/model.md says, go through the
 * engine and through direct convolutions, batch norms and weighted statistics as PyTorch and
 * pyannote.audio define them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "embedding/resnet34.h"
#include "../uniform.h"

enum {
    MELS = 80,
    LAYERS = 4,
    MAP_MELS = 10,
    MAP_CHANNELS = 256,
    STATISTICS = 2 * MAP_MELS * MAP_CHANNELS,
    DIM = 256,
    CHUNK_FRAMES = 589, /* of a mask */
    HEADER_BYTES = 1 << 16
};

/* ---- a model file ---- */

static struct {
    char header[HEADER_BYTES];
    size_t header_bytes, num_floats;
    float *data;
} file;

/* Adds tensor `name` of uniform values between mean - spread and mean + spread. */
static void add_tensor(const char *name, const char *shape, size_t count, double mean,
                       double spread) {
    char *end = file.header + file.header_bytes;
    const size_t begin = file.num_floats;
    file.num_floats += count;
    file.header_bytes += (size_t)snprintf(
        end, HEADER_BYTES - file.header_bytes,
        "%s\"embedding.resnet.%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
        file.header_bytes > 1 ? "," : "", name, shape, 4 * begin, 4 * file.num_floats);
    file.data = realloc(file.data, file.num_floats * sizeof *file.data);
    assert_non_null(file.data);
    for (size_t i = begin; i < file.num_floats; i++)
        file.data[i] = (float)(mean + spread * uniform());
}

static void add_conv(const char *name, size_t n, size_t channels, size_t kernel) {
    char full[64], shape[64];
    const size_t inputs = channels * kernel * kernel;
    snprintf(full, sizeof full, "%s.weight", name);
    snprintf(shape, sizeof shape, "%zu,%zu,%zu,%zu", n, channels, kernel, kernel);
    add_tensor(full, shape, n * inputs, 0.0, sqrt(6.0 / (double)inputs));
}

static void add_norm(const char *name, size_t n, double weight) {
    static const char *const parts[] = {"weight", "bias", "running_mean", "running_var"};
    const double mean[] = {weight, 0.0, 0.0, 1.0}, spread[] = {weight / 2, 0.2, 0.2, 0.5};
    char full[64], shape[16];
    snprintf(shape, sizeof shape, "%zu", n);
    for (size_t i = 0; i < 4; i++) {
        snprintf(full, sizeof full, "%s.%s", name, parts[i]);
        add_tensor(full, shape, n, mean[i], spread[i]);
    }
}

static const size_t blocks[LAYERS] = {3, 4, 6, 3};

static size_t channels_of(size_t layer) {
    return (size_t)32 << layer;
}

static const char *in_block(size_t layer, size_t block, const char *part) {
    static char names[2][64];
    static int turn;
    char *name = names[turn ^= 1];
    snprintf(name, sizeof names[0], "layer%zu.%zu.%s", layer + 1, block, part);
    return name;
}

static void add_block(size_t layer, size_t block) {
    const size_t n = channels_of(layer), channels = layer && !block ? n / 2 : n;
    add_conv(in_block(layer, block, "conv1"), n, channels, 3);
    add_norm(in_block(layer, block, "bn1"), n, 1.0);
    add_conv(in_block(layer, block, "conv2"), n, n, 3);
    add_norm(in_block(layer, block, "bn2"), n, 0.4);
    if (channels < n) {
        add_conv(in_block(layer, block, "shortcut.0"), n, channels, 1);
        add_norm(in_block(layer, block, "shortcut.1"), n, 0.7);
    }
}

/* The whole file's bytes. */
static unsigned char *make_file(size_t *size) {
    file.header_bytes = (size_t)snprintf(file.header, HEADER_BYTES, "{");
    add_conv("conv1", 32, 1, 3);
    add_norm("bn1", 32, 1.0);
    for (size_t layer = 0; layer < LAYERS; layer++)
        for (size_t i = 0; i < blocks[layer]; i++)
            add_block(layer, i);
    add_tensor("seg_1.weight", "256,5120", (size_t)DIM * STATISTICS, 0.0, 0.02);
    add_tensor("seg_1.bias", "256", DIM, 0.0, 0.1);
    file.header[file.header_bytes++] = '}';
    while (file.header_bytes % 8)
        file.header[file.header_bytes++] = ' ';
    const size_t data_bytes = file.num_floats * sizeof *file.data;
    unsigned char *bytes = calloc(1, 8 + file.header_bytes + data_bytes);
    assert_non_null(bytes);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(file.header_bytes >> (8 * i));
    memcpy(bytes + 8, file.header, file.header_bytes);
    memcpy(bytes + 8 + file.header_bytes, file.data, data_bytes);
    *size = 8 + file.header_bytes + data_bytes;
    return bytes;
}

static struct dr_weights *weights;

static const float *tensor(const char *name, const char *part) {
    char full[96];
    snprintf(full, sizeof full, "embedding.resnet.%s.%s", name, part);
    for (size_t i = 0; i < dr_weights_num_tensors(weights); i++)
        if (!strcmp(dr_weights_tensor(weights, i)->name, full))
            return dr_weights_tensor(weights, i)->data;
    fail_msg("no tensor %s", full);
    return NULL;
}

/* ---- the definition ---- */

/* [mels][frames][channels] */
struct map {
    double *at;
    size_t mels, frames, channels;
};

static double *doubles(size_t n) {
    double *p = calloc(n, sizeof *p);
    assert_non_null(p);
    return p;
}

/* weight[n][channels][kernel][kernel] -> [kernel][kernel][channels][n] */
static double *reorder(const float *weight, size_t n, size_t channels, size_t taps) {
    double *to = doubles(n * channels * taps);
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < channels; c++)
            for (size_t t = 0; t < taps; t++)
                to[(t * channels + c) * n + j] = (double)weight[(j * channels + c) * taps + t];
    return to;
}

/* sums[j] += x * w[j] over channels of one place */
static void add_place(double *restrict sums, const double *x, const double *restrict w,
                      size_t channels, size_t n) {
    for (size_t c = 0; c < channels; c++, w += n)
        for (size_t j = 0; j < n; j++)
            sums[j] += x[c] * w[j];
}

/* Convolution with padding kernel / 2, then the batch norm. */
static struct map convolve(const struct map *in, const char *conv, const char *norm, size_t n,
                           size_t kernel, size_t stride) {
    const size_t pad = kernel / 2;
    const struct map out = {NULL, (in->mels - 1) / stride + 1, (in->frames - 1) / stride + 1, n};
    struct map y = out;
    y.at = doubles(out.mels * out.frames * n);
    double *w = reorder(tensor(conv, "weight"), n, in->channels, kernel * kernel);
    const float *scale = tensor(norm, "weight"), *bias = tensor(norm, "bias");
    const float *mean = tensor(norm, "running_mean"), *var = tensor(norm, "running_var");
    for (size_t m = 0; m < out.mels; m++)
        for (size_t f = 0; f < out.frames; f++) {
            double *sums = y.at + (m * out.frames + f) * n;
            for (size_t a = 0; a < kernel; a++)
                for (size_t b = 0; b < kernel; b++) {
                    const size_t row = m * stride + a - pad, column = f * stride + b - pad;
                    if (row < in->mels && column < in->frames) /* else it has wrapped around */
                        add_place(sums, in->at + (row * in->frames + column) * in->channels,
                                  w + (a * kernel + b) * in->channels * n, in->channels, n);
                }
            for (size_t j = 0; j < n; j++)
                sums[j] =
                    (sums[j] - (double)mean[j]) / sqrt((double)var[j] + 1e-5) * (double)scale[j] +
                    (double)bias[j];
        }
    free(w);
    return y;
}

/* x = max(0, x + other) */
static void add_relu(struct map *x, const struct map *other) {
    for (size_t i = 0; i < x->mels * x->frames * x->channels; i++)
        x->at[i] = fmax(x->at[i] + (other ? other->at[i] : 0.0), 0.0);
}

static void run_block(struct map *x, size_t layer, size_t block) {
    const size_t n = channels_of(layer), stride = layer && !block ? 2 : 1;
    struct map inner =
        convolve(x, in_block(layer, block, "conv1"), in_block(layer, block, "bn1"), n, 3, stride);
    add_relu(&inner, NULL);
    struct map y =
        convolve(&inner, in_block(layer, block, "conv2"), in_block(layer, block, "bn2"), n, 3, 1);
    if (stride == 2) {
        struct map projected = convolve(x, in_block(layer, block, "shortcut.0"),
                                        in_block(layer, block, "shortcut.1"), n, 1, 2);
        add_relu(&y, &projected);
        free(projected.at);
    } else {
        add_relu(&y, x);
    }
    free(inner.at);
    free(x->at);
    *x = y;
}

static struct map expected_map(const float *features, size_t frames) {
    struct map in = {doubles(MELS * frames), MELS, frames, 1};
    for (size_t m = 0; m < MELS; m++)
        for (size_t t = 0; t < frames; t++)
            in.at[m * frames + t] = (double)features[t * MELS + m];
    struct map x = convolve(&in, "conv1", "bn1", 32, 3, 1);
    free(in.at);
    add_relu(&x, NULL);
    for (size_t layer = 0; layer < LAYERS; layer++)
        for (size_t i = 0; i < blocks[layer]; i++)
            run_block(&x, layer, i);
    return x;
}

/* pyannote.audio's StatsPool with weights, which are interpolated to the nearest, and the linear
 * layer. */
static void expected_embedding(double *embedding, const struct map *map, const unsigned char *mask,
                               size_t mask_frames) {
    static double statistics[STATISTICS];
    double v1 = 0.0, v2 = 0.0;
    double *w = doubles(map->frames);
    for (size_t t = 0; t < map->frames; t++) {
        w[t] = mask[t * mask_frames / map->frames];
        v1 += w[t];
        v2 += w[t] * w[t];
    }
    for (size_t c = 0; c < MAP_CHANNELS; c++)
        for (size_t m = 0; m < MAP_MELS; m++) {
            const double *x = map->at + m * map->frames * MAP_CHANNELS + c;
            double mean = 0.0, var = 0.0;
            for (size_t t = 0; t < map->frames; t++)
                mean += w[t] * x[t * MAP_CHANNELS];
            /* In the single precision of the original 1 + 1e-8 is 1. */
            mean /= (float)v1 + 1e-8f;
            for (size_t t = 0; t < map->frames; t++)
                var += w[t] * pow(x[t * MAP_CHANNELS] - mean, 2.0);
            var /= v1 > 0.0 ? v1 - v2 / v1 + 1e-8 : 1.0;
            statistics[c * MAP_MELS + m] = mean;
            statistics[STATISTICS / 2 + c * MAP_MELS + m] = sqrt(var);
        }
    const float *weight = tensor("seg_1", "weight"), *bias = tensor("seg_1", "bias");
    for (size_t j = 0; j < DIM; j++) {
        embedding[j] = (double)bias[j];
        for (size_t i = 0; i < STATISTICS; i++)
            embedding[j] += (double)weight[j * STATISTICS + i] * statistics[i];
    }
    free(w);
}

/* ---- the comparison ---- */

enum { ALL, EMPTY, ONE_FRAME, ALTERNATING, SECOND_HALF, SCATTERED, NUM_MASKS };

static void make_masks(unsigned char *masks, size_t frames) {
    memset(masks, 0, NUM_MASKS * frames);
    memset(masks + ALL * frames, 1, frames);
    memset(masks + SECOND_HALF * frames + frames / 2, 1, frames - frames / 2);
    for (size_t t = 0; t < frames; t++) {
        masks[ALTERNATING * frames + t] = t / 20 % 2 == 0;
        masks[SCATTERED * frames + t] = uniform() > 0.5;
    }
}

/* What both networks make of the same features. */
struct result {
    size_t num_frames, num_columns;
    float *features, *columns;
    struct map expected;
};

static void compare_heads(const struct result *r, const struct dr_resnet34 *net, size_t mask_frames,
                          double bound) {
    unsigned char *masks = malloc(NUM_MASKS * mask_frames);
    unsigned char *keep = malloc(NUM_MASKS * r->num_columns);
    float *scratch = malloc(dr_resnet34_voices_scratch(NUM_MASKS) * sizeof(float));
    static float embeddings[NUM_MASKS * DIM];
    static double expected[DIM];
    assert_true(masks && keep && scratch);
    make_masks(masks, mask_frames);
    masks[ONE_FRAME * mask_frames + r->num_columns / 2 * mask_frames / r->num_columns] = 1;
    for (size_t i = 0; i < NUM_MASKS; i++)
        dr_resnet34_mask(keep + i * r->num_columns, r->num_columns, 0.0f, masks + i * mask_frames,
                         mask_frames, r->num_columns);
    dr_resnet34_voices(net, embeddings, r->columns, r->num_columns, keep, NUM_MASKS, scratch);
    for (size_t i = 0; i < NUM_MASKS; i++) {
        double xy = 0.0, xx = 0.0, yy = 0.0;
        expected_embedding(expected, &r->expected, masks + i * mask_frames, mask_frames);
        for (size_t j = 0; j < DIM; j++) {
            const double x = (double)embeddings[i * DIM + j];
            xy += x * expected[j];
            xx += x * x;
            yy += expected[j] * expected[j];
        }
        const double cosine = xy / sqrt(xx * yy);
        if (!(cosine >= bound))
            fail_msg("%zu frames, mask %zu of %zu: cosine %.9f", r->num_frames, i, mask_frames,
                     cosine);
        assert_true(fabs(sqrt(xx / yy) - 1.0) < 10.0 * (1.0 - bound) + 1e-4);
    }
    free(masks);
    free(keep);
    free(scratch);
}

static void compare_network(struct result *r, int flags, enum dr_precision precision,
                            double bound) {
    struct dr_kernels kernels;
    struct dr_arena arena = {NULL};
    struct dr_loader loader = {.weights = weights, .arena = &arena, .precision = precision};
    dr_kernels_init(&kernels, dr_cpu_flags(flags));
    const struct dr_resnet34 *net = dr_resnet34_load(&loader, &kernels);
    if (!net)
        fail_msg("%s", loader.err.message);
    float *scratch =
        dr_arena_alloc(&arena, dr_resnet34_trunk_scratch(r->num_frames + 5), sizeof *scratch);
    assert_non_null(scratch);
    dr_resnet34_trunk(net, r->columns, r->features, r->num_frames, scratch);
    const size_t mask_frames[] = {CHUNK_FRAMES, r->num_columns, 7};
    for (size_t i = 0; i < 3; i++)
        compare_heads(r, net, mask_frames[i], bound);
    free(loader.scratch);
    dr_arena_free(&arena);
}

#define BOUND_16 0.999 /* random weights are the worst case */

static void compare_length(size_t num_frames, const int *flags, size_t num_flags) {
    struct result r = {.num_frames = num_frames,
                       .num_columns = dr_resnet34_num_columns(num_frames)};
    r.features = malloc(num_frames * MELS * sizeof *r.features);
    r.columns = malloc(r.num_columns * DR_RESNET34_COLUMN_DIM * sizeof *r.columns);
    assert_true(r.features && r.columns);
    for (size_t i = 0; i < num_frames * MELS; i++)
        r.features[i] = (float)(3.0 * uniform());
    r.expected = expected_map(r.features, num_frames);
    assert_int_equal(r.expected.frames, r.num_columns);
    assert_int_equal(r.expected.mels, MAP_MELS);
    for (size_t i = 0; i < num_flags; i++) {
        compare_network(&r, flags[i], DR_FLOAT32, 0.999999);
        compare_network(&r, flags[i], DR_INT16, BOUND_16);
    }
    free(r.expected.at);
    free(r.features);
    free(r.columns);
}

static const int sets[] = {DIARIST_CPU_ALL, DIARIST_CPU_AVX2, DIARIST_CPU_GENERIC};

/* 0.6 s, then lengths whose maps end inside a tile in some layer */
static void test_short(void **state) {
    (void)state;
    static const size_t lengths[] = {58, 1, 9, 63, 77, 130};
#if defined(__SANITIZE_ADDRESS__)
    const size_t num = 3;
#else
    const size_t num = sizeof lengths / sizeof *lengths;
#endif
    for (size_t i = 0; i < num; i++)
        compare_length(lengths[i], sets, i < 3 ? 3 : 2); /* portable C takes its time */
}

/* 10 s */
static void test_window(void **state) {
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* 23 G operations by definition */
#endif
    compare_length(998, sets, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_short), cmocka_unit_test(test_window)};
    diarist_error err = {0};
    size_t size;
    unsigned char *bytes = make_file(&size);
    if (dr_weights_parse(&weights, bytes, size, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 2;
    }
    const int failed = cmocka_run_group_tests_name("resnet34", tests, NULL, NULL);
    dr_weights_free(weights);
    free(bytes);
    free(file.data);
    return failed;
}
