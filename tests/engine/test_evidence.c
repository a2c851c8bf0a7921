/* test_evidence.c - speakers found again from what the networks said.
 * SPDX-License-Identifier: MIT
 *
 * usage: test_evidence CONVERSATION.flac [MODEL.safetensors]
 *
 * What comes of evidence is held to diarist_diarize on the samples, bit for bit; bytes that are cut
 * or changed; allocations that fail; voices of regions. With a model: equality alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "allocations.h"
#include "diarist/diarist.h"
#include "same_result.h"
#include "setup.h"

enum { SECONDS = 40, NUM_MUTANTS = 120 };

static const char *conversation, *model_path;

static int load(void **state) {
    (void)state;
    return set_up(conversation, model_path ? 12 : SECONDS, model_path);
}

static diarist_result *diarize(const diarist_options *options) {
    diarist_error err;
    diarist_result *result;
    if (diarist_diarize(&result, model, samples, num_samples, options, &err))
        fail_msg("%s", err.message);
    return result;
}

/* With evidence. */
static diarist_result *diarize_once(const void **evidence, size_t *num_bytes) {
    diarist_options options;
    diarist_options_init(&options);
    options.keep_evidence = 1;
    diarist_result *result = diarize(&options);
    *evidence = diarist_result_evidence(result, num_bytes);
    assert_non_null(*evidence);
    return result;
}

static void test_equal(void **state) {
    (void)state;
    diarist_options options[6];
    diarist_error err;
    const void *evidence;
    size_t num_bytes;
    for (size_t i = 0; i < 6; i++)
        diarist_options_init(&options[i]);
    options[1].num_speakers = 1;
    options[2].num_speakers = 5;
    options[3].min_speakers = 2;
    options[3].max_speakers = 3;
    options[4].cluster_threshold = 0.9;
    options[5].min_duration_on_s = 1;
    options[5].min_duration_off_s = 0.5;
    diarist_result *first = diarize_once(&evidence, &num_bytes);
    for (size_t i = 0; i < 6; i++) {
        diarist_result *expected = diarize(&options[i]), *again;
        if (diarist_recluster(&again, model, evidence, num_bytes, &options[i], &err))
            fail_msg("%s", err.message);
        assert_same(again, expected);
        assert_true(diarist_result_duration(again) == diarist_result_duration(expected));
        diarist_result_free(again);
        diarist_result_free(expected);
    }
    diarist_result_free(first);
}

/* No samples, and ones without speech. */
static void test_nothing(void **state) {
    (void)state;
    float *silence = calloc(20 * DIARIST_SAMPLE_RATE, sizeof *silence);
    const size_t lengths[] = {0, 1, 20 * DIARIST_SAMPLE_RATE};
    diarist_options options;
    diarist_error err;
    diarist_options_init(&options);
    assert_non_null(silence);
    options.keep_evidence = 1;
    for (size_t i = 0; i < 3; i++) {
        diarist_result *first, *again;
        size_t num_bytes;
        assert_int_equal(diarist_diarize(&first, model, silence, lengths[i], &options, &err), 0);
        const void *evidence = diarist_result_evidence(first, &num_bytes);
        assert_int_equal(diarist_recluster(&again, model, evidence, num_bytes, NULL, &err), 0);
        assert_same(again, first);
        assert_null(diarist_result_evidence(again, &num_bytes));
        diarist_result_free(again);
        diarist_result_free(first);
    }
    free(silence);
}

static uint32_t draw(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* A few bytes changed, more often in the head: an error, or a result without harm. */
static void test_damage(void **state) {
    (void)state;
    diarist_error err;
    const void *evidence;
    size_t num_bytes;
    uint32_t seed = 1;
    diarist_result *first = diarize_once(&evidence, &num_bytes), *again;
    uint8_t *changed = malloc(num_bytes);
    assert_non_null(changed);
    for (int i = 0; i < NUM_MUTANTS; i++) {
        memcpy(changed, evidence, num_bytes);
        for (uint32_t k = draw(&seed) % 3 + 1; k; k--)
            changed[draw(&seed) % (i % 2 ? num_bytes : 144)] = (uint8_t)draw(&seed);
        int status = diarist_recluster(&again, model, changed, num_bytes, NULL, &err);
        assert_true(!status == !!again);
        assert_true(!status || status == DIARIST_ERROR_INPUT || status == DIARIST_ERROR_MODEL);
        diarist_result_free(again);
    }
    for (size_t cut = 1; cut <= num_bytes; cut = cut * 2 + 1) {
        uint8_t *part = malloc(num_bytes - cut + 1);
        assert_non_null(part);
        memcpy(part, evidence, num_bytes - cut);
        assert_int_equal(diarist_recluster(&again, model, part, num_bytes - cut, NULL, &err),
                         DIARIST_ERROR_INPUT);
        assert_null(again);
        free(part);
    }
    free(changed);
    diarist_result_free(first);
}

static void test_failing_allocations(void **state) {
    (void)state;
    diarist_error err;
    const void *evidence;
    size_t num_bytes;
    long left = -1;
    int num_failed = 0;
    diarist_result *first = diarize_once(&evidence, &num_bytes), *again;
    for (long failures = 0; left < 0; failures += failures < 40 ? 1 : 97) {
        assert_true(failures < 10000);
        fail_allocation(failures);
        int status = diarist_recluster(&again, model, evidence, num_bytes, NULL, &err);
        left = stop_failing();
        assert_int_equal(status, left < 0 ? DIARIST_ERROR_MEMORY : DIARIST_OK);
        num_failed += !!status;
        if (!status)
            assert_same(again, first);
        diarist_result_free(again);
    }
    assert_true(num_failed > 5);
    diarist_result_free(first);
}

/* The voices of all turns of a speaker are near those that clustering found. */
static void test_voices(void **state) {
    (void)state;
    diarist_error err;
    const void *evidence;
    diarist_turn turn;
    diarist_speaker speaker;
    size_t num_bytes;
    diarist_result *result = diarize_once(&evidence, &num_bytes);
    const size_t num = diarist_result_num_turns(result, DIARIST_OVERLAPPING);
    const size_t speakers = diarist_result_num_speakers(result);
    const size_t dim = diarist_result_embedding_dim(result);
    diarist_region *regions = calloc(num, sizeof *regions);
    float *voices = calloc(speakers + 1, dim * sizeof *voices);
    assert_true(regions && voices && num > 4 && speakers > 1);
    for (size_t i = 0; i < num; i++) {
        diarist_result_turn(result, DIARIST_OVERLAPPING, i, &turn);
        regions[i] = (diarist_region){turn.start, turn.end, turn.speaker};
    }
    assert_int_equal(diarist_evidence_embed(voices, model, evidence, num_bytes, regions, num,
                                            speakers + 1, &err),
                     0);
    for (size_t s = 0; s < speakers; s++) {
        diarist_result_speaker(result, s, &speaker);
        assert_true(diarist_similarity(voices + s * dim, speaker.embedding, dim) > 0.9);
    }
    for (size_t d = 0; d < dim; d++)
        assert_true(voices[speakers * dim + d] == 0); /* nobody */
    assert_int_equal(
        diarist_evidence_embed(voices, model, evidence, num_bytes, regions, num, 1, &err),
        DIARIST_ERROR_ARGUMENT);
    /* All turns of everybody as if of one speaker: both groups occur, and the first speaker is on
     * one side. */
    size_t sides[2][2] = {{0, 0}, {0, 0}};
    assert_int_equal(diarist_evidence_split(regions, num, model, evidence, num_bytes, &err), 0);
    for (size_t i = 0; i < num; i++) {
        diarist_result_turn(result, DIARIST_OVERLAPPING, i, &turn);
        assert_in_range(regions[i].group, 0, 1);
        sides[turn.speaker == 0][regions[i].group]++;
    }
    assert_true(sides[0][0] + sides[1][0] > 0 && sides[0][1] + sides[1][1] > 0);
    assert_true(sides[1][0] == 0 || sides[1][1] == 0);
    assert_int_equal(diarist_evidence_split(regions, 1, model, evidence, num_bytes, &err),
                     DIARIST_ERROR_ARGUMENT);
    free(voices);
    free(regions);
    diarist_result_free(result);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal), cmocka_unit_test(test_nothing), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_failing_allocations), cmocka_unit_test(test_voices)};
    const struct CMUnitTest equality[] = {cmocka_unit_test(test_equal)};
    if (argc != 2 && argc != 3)
        return 2;
    conversation = argv[1];
    model_path = argc > 2 ? argv[2] : NULL;
    if (model_path)
        return cmocka_run_group_tests_name("evidence, a model", equality, load, tear_down);
    return cmocka_run_group_tests_name("evidence", tests, load, tear_down);
}
