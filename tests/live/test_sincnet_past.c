/* test_sincnet_past.c - the sinc layer that a stream keeps, beside the one that a chunk makes anew.
 * SPDX-License-Identifier: MIT
 *
 * Of the conversation in examples/ (argument 1), with silence, a constant, and noise of 120 dB less
 * in it: chunks of a stream that was heard in parts of any size against dr_sincnet_run_chunk of
 * their samples. In float the same within rounding, as their blocks begin elsewhere; with halves
 * what the network says in 16 bits is no farther from what it says in floats. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../clustering/random.h"
#include "../engine/setup.h"
#include "pipeline/model.h"
#include "types.h"

enum {
    STEP = 17280, /* of a stream at 2 s */
    CHUNKS = 11,  /* what is kept is overwritten as a whole */
    LENGTH = DR_CHUNK_SAMPLES + (CHUNKS - 1) * STEP,
    FEATURES = DR_CHUNK_FRAMES * DR_SINCNET_FEATURES,
    LOGPROBS = DR_CHUNK_FRAMES * DR_CLASSES
};

static float *stream;

/* Conversation, and what is not. */
static int make_stream(void **state) {
    (void)state;
    uint64_t random = 1;
    stream = malloc(LENGTH * sizeof *stream);
    if (!stream)
        return -1;
    memcpy(stream, samples, LENGTH * sizeof *stream);
    for (size_t i = 0; i < LENGTH; i++) {
        if (i >= 60000 && i < 90000)
            stream[i] = 0.0f;
        if (i >= 150000 && i < 170000)
            stream[i] = 1.0f;
        if (i >= 200000)
            stream[i] += 0.25f;
        if (i >= 240000)
            stream[i] = (float)(random_normal(&random) * 1e-6);
    }
    return 0;
}

static int free_stream(void **state) {
    (void)state;
    free(stream);
    return 0;
}

static const struct dr_networks *networks_of(enum dr_precision precision) {
    const struct dr_networks *networks;
    diarist_error err;
    if (dr_model_segmentation(&networks, model, precision, 0, &err))
        fail_msg("%s", err.message);
    return networks;
}

static float *floats(size_t n) {
    float *x = malloc(n * sizeof *x);
    assert_non_null(x);
    return x;
}

/* A stream, and how it is heard. */
struct listener {
    const struct dr_sincnet *net;
    struct dr_sincnet_past past;
    void *memory;
    float *scratch;
    uint64_t random;
};

static void listen(struct listener *l, const struct dr_networks *networks, uint64_t seed) {
    *l = (struct listener){.net = dr_pyannet_sincnet(networks->pyannet),
                           .memory = malloc(dr_sincnet_past_bytes(networks->precision)),
                           .scratch = floats(dr_sincnet_scratch(1)),
                           .random = seed};
    assert_non_null(l->memory);
    dr_sincnet_past_init(&l->past, l->memory);
}

/* To sample `end`, in parts, each in memory of its own: a sanitizer sees what is read besides. */
static void hear(struct listener *l, size_t from, size_t end) {
    while (from < end) {
        const size_t first = dr_sincnet_past_needs(&l->past);
        size_t to = from + 1 + random_below(&l->random, 3000);
        to = to < end ? to : end;
        float *window = floats(to - first);
        memcpy(window, stream + first, (to - first) * sizeof *window);
        dr_sincnet_hear(l->net, &l->past, window, first, to, l->scratch);
        free(window);
        from = to;
    }
}

static void stop(struct listener *l) {
    free(l->memory);
    free(l->scratch);
}

/* Chunks of a stream beside the same ones alone, in each precision. */
static void run(enum dr_precision precision, float *past, float *alone) {
    struct listener l;
    const struct dr_networks *networks = networks_of(precision);
    listen(&l, networks, 7);
    for (size_t c = 0; c < CHUNKS; c++) {
        const size_t first = c * STEP;
        hear(&l, c ? first + DR_CHUNK_SAMPLES - STEP : 0, first + DR_CHUNK_SAMPLES);
        dr_sincnet_run_past(l.net, past + c * FEATURES, &l.past, first, 0, 1, l.scratch);
        dr_sincnet_run_chunk(l.net, alone + c * FEATURES, stream + first, 0, 1, l.scratch);
    }
    stop(&l);
}

/* Features are near 1, whatever the level of the samples. */
static void test_float(void **state) {
    (void)state;
    float *past = floats((size_t)CHUNKS * FEATURES), *alone = floats((size_t)CHUNKS * FEATURES);
    run(DR_FLOAT32, past, alone);
    double largest = 0.0;
    for (size_t i = 0; i < (size_t)CHUNKS * FEATURES; i++)
        largest = fmax(largest, fabs((double)past[i] - alone[i]));
    print_message("largest difference of a feature: %.2g\n", largest);
    assert_true(largest < 1e-5);
    free(past);
    free(alone);
}

static double difference(const float *a, const float *b, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)a[i] - b[i]);
    return sum / (double)n;
}

/* Log-probabilities of 16 bits are as close to those of floats, on average, with halves as without
 * them, within what chance does. */
static void test_halves(void **state) {
    (void)state;
    const struct dr_networks *bits = networks_of(DR_INT16), *exact = networks_of(DR_FLOAT32);
    const size_t n = (size_t)CHUNKS * FEATURES;
    static float logprob[3][LOGPROBS];
    float *past = floats(n), *alone = floats(n), *of_floats = floats(n);
    float *scratch = floats(dr_pyannet_sequence_scratch(1));
    double with_halves = 0.0, without = 0.0;
    run(DR_FLOAT32, past, of_floats);
    run(DR_INT16, past, alone);
    for (size_t i = 0; i < n; i += FEATURES) {
        dr_pyannet_run_sequence(bits->pyannet, logprob[0], past + i, 1, NULL, scratch);
        dr_pyannet_run_sequence(bits->pyannet, logprob[1], alone + i, 1, NULL, scratch);
        dr_pyannet_run_sequence(exact->pyannet, logprob[2], of_floats + i, 1, NULL, scratch);
        with_halves += difference(logprob[0], logprob[2], LOGPROBS) / CHUNKS;
        without += difference(logprob[1], logprob[2], LOGPROBS) / CHUNKS;
    }
    print_message("from floats: %.5f with halves, %.5f without\n", with_halves, without);
    assert_true(with_halves < 1.5 * without);
    free(past);
    free(alone);
    free(of_floats);
    free(scratch);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_float), cmocka_unit_test(test_halves)};
    if (argc != 2)
        return 2;
    if (set_up(argv[1], 33, NULL))
        return 1;
    return cmocka_run_group_tests_name("sincnet past", tests, make_stream, free_stream);
}
