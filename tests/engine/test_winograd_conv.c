/* test_winograd_conv.c - the 3x3 convolution of winograd_conv.h against its definition in double.
 * SPDX-License-Identifier: MIT
 *
 * Random weights in a model file in memory; strides over mels, maps that end inside a tile. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "embedding/winograd_conv.h"
#include "kernels/half.h"
#include "../uniform.h"

enum { N = 32, TAPS = 9, WEIGHTS = N * N * TAPS, FLOATS = WEIGHTS + 4 * N, HEADER_BYTES = 512 };

/* ---- a model file ---- */

static struct { float weight[N][N][3][3], scale[N], bias[N], mean[N], var[N]; } tensors;

static struct dr_weights *parse_file(unsigned char *bytes) {
    static const char *const names[] = {"c.weight", "n.weight", "n.bias", "n.running_mean",
                                        "n.running_var"};
    char *header = (char *)bytes + 8;
    size_t used = (size_t)snprintf(header, HEADER_BYTES, "{"), begin = 0;
    for (size_t i = 0; i < 5; i++) {
        const size_t end = begin + (i ? N : WEIGHTS) * sizeof(float);
        used += (size_t)snprintf(
            header + used, HEADER_BYTES - used,
            "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}", i ? "," : "",
            names[i], i ? "32" : "32,32,3,3", begin, end);
        begin = end;
    }
    header[used++] = '}';
    memset(header + used, ' ', HEADER_BYTES - used);
    bytes[0] = HEADER_BYTES & 255;
    bytes[1] = HEADER_BYTES >> 8;
    for (size_t i = 0; i < WEIGHTS; i++)
        (&tensors.weight[0][0][0][0])[i] = (float)(0.15 * uniform());
    for (size_t j = 0; j < N; j++) {
        tensors.scale[j] = (float)(1.0 + 0.5 * uniform());
        tensors.bias[j] = (float)uniform();
        tensors.mean[j] = (float)uniform();
        tensors.var[j] = (float)(1.0 + 0.5 * uniform());
    }
    memcpy(header + HEADER_BYTES, &tensors, sizeof tensors);
    struct dr_weights *weights = NULL;
    diarist_error err = {0};
    if (dr_weights_parse(&weights, bytes, 8 + HEADER_BYTES + sizeof tensors, &err))
        fail_msg("%s", err.message);
    return weights;
}

/* ---- maps ---- */

struct shape {
    size_t mels, frames, stride; /* mels of the output */
};

/* A map of random values, none negative, or of whatever lies in its memory. */
static struct dr_map make_map(float *data, bool narrow, size_t mels, size_t frames, bool random) {
    const size_t num = dr_map_elements(DR_WINOGRAD_TILE, mels, frames, N);
    for (size_t i = 0; i < num; i++)
        data[i] = 77.0f;
    struct dr_map map =
        narrow ? dr_map_make_narrow((dr_half *)(void *)data, DR_WINOGRAD_TILE, mels, frames, N)
               : dr_map_make(data, DR_WINOGRAD_TILE, mels, frames, N);
    for (size_t m = 0; m < mels && random; m++)
        for (size_t i = 0; i < frames * N; i++) {
            const dr_half x = dr_half_of((float)fmax(0.0, uniform()));
            map.max = fmaxf(map.max, dr_float_of(x));
            if (narrow)
                dr_map_narrow_interior(&map, m)[i] = x;
            else
                dr_map_interior(&map, m)[i] = dr_float_of(x);
        }
    return map;
}

static double value(const struct dr_map *map, size_t m, size_t t, size_t c) {
    return map->narrow
               ? (double)(dr_float_of(dr_map_narrow_interior(map, m)[t * N + c]) * map->unit)
               : (double)dr_map_interior(map, m)[t * N + c];
}

static double expected(const struct dr_map *in, const struct shape *s, size_t m, size_t t,
                       size_t j) {
    double sum = 0.0;
    for (size_t r = 0; r < 3; r++)
        for (size_t c = 0; c < 3; c++) {
            const size_t mel = m * s->stride + r - 1, frame = t + c - 1;
            if (mel < in->mels && frame < in->frames) /* else it has wrapped around */
                for (size_t i = 0; i < N; i++)
                    sum += value(in, mel, frame, i) * (double)tensors.weight[j][i][r][c];
        }
    sum = (sum - (double)tensors.mean[j]) / sqrt((double)tensors.var[j] + 1e-5);
    return sum * (double)tensors.scale[j] + (double)tensors.bias[j];
}

/* ---- the comparison ---- */

static void compare(const struct dr_kernels *kernels, const struct dr_winograd_conv *conv,
                    const struct shape *s, bool add, double bound) {
    const bool narrow = conv->precision == DR_INT16;
    const size_t in_mels = s->mels * s->stride;
    float *data = malloc(dr_map_elements(DR_WINOGRAD_TILE, in_mels, s->frames, N) * sizeof *data);
    float *out_data =
        malloc(dr_map_elements(DR_WINOGRAD_TILE, s->mels, s->frames, N) * sizeof *out_data);
    float *scratch = malloc(dr_winograd_conv_scratch(N) * sizeof *scratch);
    double *residual = malloc(s->mels * s->frames * N * sizeof *residual);
    assert_true(data && out_data && scratch && residual);
    const struct dr_map in = make_map(data, narrow, in_mels, s->frames, true);
    struct dr_map out = make_map(out_data, narrow, s->mels, s->frames, add);
    for (size_t i = 0; i < s->mels * s->frames * N; i++)
        residual[i] = add ? value(&out, i / N / s->frames, i / N % s->frames, i % N) : 0.0;
    dr_winograd_conv_run(kernels, conv, &out, &in, add ? &out : NULL, scratch);
    double worst = 0.0, largest = 0.0;
    for (size_t i = 0; i < s->mels * s->frames * N; i++) {
        const size_t m = i / N / s->frames, t = i / N % s->frames, j = i % N;
        const double y = value(&out, m, t, j);
        worst = fmax(worst, fabs(y - fmax(0.0, expected(&in, s, m, t, j) + residual[i])));
        largest = fmax(largest, y);
    }
    const double above = (double)out.max - largest;
    if (!(worst <= bound) || !(above >= 0.0 && above <= bound))
        fail_msg("%s, %zu of %zu mels, %zu frames: off by %.2g, max %g of %g",
                 narrow ? "16 bits" : "float", s->mels, in_mels, s->frames, worst, (double)out.max,
                 largest);
    free(data);
    free(out_data);
    free(scratch);
    free(residual);
}

static void compare_all(const struct dr_weights *weights, int flags, enum dr_precision precision,
                        double bound) {
    static const size_t mels[] = {3, 5, 7, 10, 20}, frames[] = {1, 4, 5, 6, 23, 130};
    struct dr_kernels kernels;
    dr_kernels_init(&kernels, dr_cpu_flags(flags));
    for (unsigned stride = 1; stride <= 2; stride++) {
        struct dr_arena arena = {NULL};
        struct dr_loader loader = {.weights = weights, .arena = &arena, .precision = precision};
        const struct dr_winograd_conv conv = dr_winograd_conv_load(&loader, "c", "n", N, stride);
        if (loader.err.status)
            fail_msg("%s", loader.err.message);
        for (size_t m = 0; m < sizeof mels / sizeof *mels; m++)
            for (size_t f = 0; f < sizeof frames / sizeof *frames; f++)
                compare(&kernels, &conv, &(struct shape){mels[m], frames[f], stride},
                        stride == 1 && f % 2, bound);
        free(loader.scratch);
        dr_arena_free(&arena);
    }
}

static void test_definition(void **state) {
    static const int sets[] = {DIARIST_CPU_ALL, DIARIST_CPU_AVX2, DIARIST_CPU_GENERIC};
    static unsigned char bytes[8 + HEADER_BYTES + sizeof tensors];
    struct dr_weights *weights = parse_file(bytes);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        compare_all(weights, sets[i], DR_FLOAT32, 1e-4);
        compare_all(weights, sets[i], DR_INT16, 0.03);
    }
    dr_weights_free(weights);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_definition)};
    return cmocka_run_group_tests_name("winograd_conv", tests, NULL, NULL);
}
