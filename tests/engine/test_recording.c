/* test_recording.c - promises of the public API that hold for any recording.
 * SPDX-License-Identifier: MIT
 *
 * On the conversation in examples/ (argument 1), with the embedded model: the same result for any
 * number of threads and any way of feeding; every allocation may fail; progress can cancel; silence
 * and noise have no speakers; broken samples do no harm. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "allocations.h"
#include "diarist/diarist.h"
#include "same_result.h"
#include "setup.h"

enum { RATE = 16000 };

static const char *conversation;

/* ---- helpers ---- */

static diarist_result *diarize(const float *x, size_t n, int threads) {
    diarist_options options;
    diarist_error err;
    diarist_result *result;
    diarist_options_init(&options);
    options.num_threads = threads;
    if (diarist_diarize(&result, model, x, n, &options, &err))
        fail_msg("%s", err.message);
    return result;
}

/* ---- tests ---- */

static void assert_same_for_threads(const float *from, size_t n, size_t at_least) {
    diarist_result *one = diarize(from, n, 1);
    assert_true(diarist_result_num_speakers(one) >= at_least);
    for (int threads = 2; threads <= 5; threads += 3) {
        diarist_result *many = diarize(from, n, threads);
        assert_same(one, many);
        diarist_result_free(many);
    }
    diarist_result_free(one);
}

static void test_threads(void **state) {
    (void)state;
    assert_same_for_threads(samples, num_samples, 2);
    /* A single chunk, whose layers the threads share. */
    assert_same_for_threads(samples + (size_t)3 * RATE, (size_t)6 * RATE, 1);
}

static void test_parts(void **state) {
    (void)state;
    const size_t sizes[] = {1, 999, 160000};
    size_t n = (size_t)23 * RATE + 17;
    diarist_result *whole = diarize(samples, n, 2), *fed;
    diarist_error err;
    for (int i = 0; i < 3; i++) {
        diarist_recording *recording;
        diarist_options options;
        diarist_options_init(&options);
        options.num_threads = 2;
        assert_int_equal(diarist_recording_open(&recording, model, &options, &err), 0);
        for (size_t at = 0; at < n; at += sizes[i]) {
            size_t part = n - at < sizes[i] ? n - at : sizes[i];
            assert_int_equal(diarist_recording_feed(recording, samples + at, part, &err), 0);
        }
        assert_int_equal(diarist_recording_diarize(&fed, recording, &err), 0);
        assert_same(whole, fed);
        diarist_result_free(fed);
        assert_int_equal(diarist_recording_diarize(&fed, recording, &err), DIARIST_ERROR_ARGUMENT);
        assert_null(fed);
        diarist_recording_free(recording);
    }
    diarist_result_free(whole);
}

/* Every allocation of a diarization, and every start of a thread, fails once. (Under a sanitizer
 * arenas allocate one by one, hundreds of times: then every 97th after the first forty.) */
static void test_failing_allocations(void **state) {
    (void)state;
    const float *two_voices = samples + (size_t)3 * RATE;
    size_t n = (size_t)6 * RATE;
    diarist_options options;
    diarist_options_init(&options);
    options.num_threads = 2;
    options.keep_stages = 1;
    long failures = 0;
    for (int status = -1; status; failures += failures < 40 ? 1 : 97) {
        diarist_result *result = (diarist_result *)(void *)&options;
        diarist_error err;
        assert_true(failures < 10000);
        fail_allocation(failures);
        status = diarist_diarize(&result, model, two_voices, n, &options, &err);
        long left = stop_failing();
        if (status) {
            assert_int_equal(status, DIARIST_ERROR_MEMORY);
            assert_int_equal(err.status, DIARIST_ERROR_MEMORY);
            assert_null(result);
        } else {
            /* Nobody swallowed the failure: it had not come yet. */
            assert_true(left >= 0);
        }
        diarist_result_free(status ? NULL : result);
    }
    assert_true(failures > 10);
}

static int cancel_at_stage(void *data, diarist_stage stage, double fraction, double seconds) {
    (void)fraction;
    (void)seconds;
    return stage == *(diarist_stage *)data;
}

static void test_cancel(void **state) {
    (void)state;
    for (int stage = DIARIST_STAGE_SEGMENTATION; stage <= DIARIST_STAGE_RECONSTRUCT; stage++) {
        diarist_stage at = stage;
        diarist_options options;
        diarist_error err;
        diarist_result *result;
        diarist_options_init(&options);
        options.progress = cancel_at_stage;
        options.progress_data = &at;
        assert_int_equal(
            diarist_diarize(&result, model, samples, (size_t)11 * RATE, &options, &err),
            DIARIST_ERROR_CANCELED);
        assert_null(result);
    }
}

/* Fractions never fall within a stage, and stages come in order. */
struct seen {
    diarist_stage stage;
    double fraction;
    int calls, wrong;
};

static int watch(void *data, diarist_stage stage, double fraction, double seconds) {
    struct seen *seen = data;
    seen->wrong |= stage < seen->stage || fraction > 1.0 || seconds < 0.0;
    seen->wrong |= stage == seen->stage && fraction < seen->fraction;
    seen->stage = stage;
    seen->fraction = fraction;
    seen->calls++;
    return 0;
}

static void test_progress(void **state) {
    (void)state;
    struct seen seen = {DIARIST_STAGE_SEGMENTATION, 0.0, 0, 0};
    diarist_options options;
    diarist_result *result;
    diarist_options_init(&options);
    options.num_threads = 1;
    options.progress = watch;
    options.progress_data = &seen;
    assert_int_equal(diarist_diarize(&result, model, samples, num_samples, &options, NULL), 0);
    assert_int_equal(seen.wrong, 0);
    assert_int_equal(seen.stage, DIARIST_STAGE_RECONSTRUCT);
    assert_true(seen.calls >= 4);
    diarist_result_free(result);
}

static void test_empty_and_silent(void **state) {
    (void)state;
    static float quiet[12 * RATE];
    const size_t lengths[] = {0, 1, 15, 399, 400, 4000, 160000, 160001, 12 * RATE};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        diarist_result *result = diarize(quiet, lengths[i], 2);
        assert_int_equal(diarist_result_num_speakers(result), 0);
        assert_int_equal(diarist_result_num_turns(result, DIARIST_OVERLAPPING), 0);
        assert_true(fabs(diarist_result_duration(result) - lengths[i] / 16000.0) < 1e-9);
        diarist_result_free(result);
    }
}

/* NaN and infinities are as if they were 0 and full scale. */
static void test_broken_samples(void **state) {
    (void)state;
    size_t n = (size_t)11 * RATE;
    float *broken = malloc(n * sizeof *broken), *mended = malloc(n * sizeof *mended);
    memcpy(broken, samples, n * sizeof *broken);
    memcpy(mended, samples, n * sizeof *mended);
    for (size_t i = 0; i < n; i += 1001) {
        broken[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -1e30f;
        mended[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? 1.0f : -1.0f;
    }
    diarist_result *a = diarize(broken, n, 2), *b = diarize(mended, n, 2);
    assert_same(a, b);
    diarist_result_free(a);
    diarist_result_free(b);
    free(broken);
    free(mended);
}

static void test_turns(void **state) {
    (void)state;
    diarist_result *result = diarize(samples, num_samples, 2);
    double duration = diarist_result_duration(result), end = 0.0, start = 0.0, heard = 0.0;
    diarist_turn t;
    for (size_t i = 0; !diarist_result_turn(result, DIARIST_OVERLAPPING, i, &t); i++) {
        assert_true(t.start >= start && t.start < t.end && t.end <= duration);
        assert_true(t.confidence >= 0.0f && t.confidence <= 1.0f);
        assert_in_range(t.speaker, 0, diarist_result_num_speakers(result) - 1);
        start = t.start;
    }
    for (size_t i = 0; !diarist_result_turn(result, DIARIST_EXCLUSIVE, i, &t); i++) {
        assert_true(t.start >= end - 1e-9 && t.start < t.end);
        end = t.end;
        heard += t.end - t.start;
    }
    /* Here all that is heard is somebody's. */
    assert_true(fabs(diarist_result_speech(result) - heard) < 0.02 * heard);
    diarist_result_turn(result, DIARIST_OVERLAPPING, 0, &t);
    assert_int_equal(t.speaker, 0);
    diarist_result_free(result);
}

static void test_embed(void **state) {
    (void)state;
    float a[192], b[192], two[2 * 192];
    double seconds[2];
    diarist_error err;
    diarist_recording *recording;
    const diarist_region regions[] = {{0.0, 8.0, 0}, {8.0, 30.0, 1}};
    const diarist_region backwards[] = {{3.0, 2.0, 0}};
    assert_int_equal(diarist_embed(a, model, samples, num_samples, NULL, &err), 0);
    assert_true(fabs(diarist_similarity(a, a, 192) - 1.0) < 1e-6);
    static float quiet[RATE];
    assert_int_equal(diarist_embed(b, model, quiet, RATE, NULL, &err), 0);
    assert_true(diarist_similarity(a, b, 192) == 0.0);
    diarist_options options;
    diarist_options_init(&options);
    options.task = DIARIST_TASK_EMBED;
    assert_int_equal(diarist_recording_open(&recording, model, &options, &err), 0);
    assert_int_equal(diarist_recording_feed(recording, samples, num_samples, &err), 0);
    assert_int_equal(diarist_recording_embed(two, seconds, recording, backwards, 1, 2, &err),
                     DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_recording_embed(two, seconds, recording, regions, 2, 2, &err), 0);
    assert_true(seconds[0] > 2.0 && seconds[0] <= 8.0 && seconds[1] <= 22.0);
    for (int g = 0; g < 2; g++) {
        double length = 0.0;
        for (int i = 0; i < 192; i++)
            length += (double)two[g * 192 + i] * two[g * 192 + i];
        assert_true(fabs(length - 1.0) < 1e-5);
    }
    diarist_recording_free(recording);
}

static void test_options(void **state) {
    (void)state;
    diarist_options o;
    diarist_error err;
    diarist_options_init(&o);
    assert_int_equal(diarist_options_check(&o, &err), 0);
    assert_int_equal(diarist_options_check(NULL, &err), 0);
#define REJECTED(field, value)                                                     \
    do {                                                                           \
        diarist_options_init(&o);                                                  \
        o.field = value;                                                           \
        assert_int_equal(diarist_options_check(&o, &err), DIARIST_ERROR_ARGUMENT); \
    } while (0)
    REJECTED(struct_size, 3);
    REJECTED(num_threads, -1);
    REJECTED(num_threads, 100000);
    REJECTED(step_s, 0.1);
    REJECTED(step_s, 11.0);
    REJECTED(step_s, NAN);
    REJECTED(cluster_threshold, 2.5);
    REJECTED(cluster_threshold, -1.5);
    REJECTED(cluster_threshold, NAN);
    REJECTED(min_duration_on_s, -1.0);
    REJECTED(min_duration_off_s, NAN);
    REJECTED(num_speakers, -2);
    REJECTED(onset, 1.01);
    REJECTED(onset, -0.5);
    REJECTED(onset, NAN);
    REJECTED(offset, 2.0);
    REJECTED(offset, NAN);
    REJECTED(offset, 0.6); /* onset is 0.5 then */
    REJECTED(preset, 9);
    REJECTED(task, 3);
    REJECTED(task, -1);
#undef REJECTED
    diarist_options_init(&o);
    o.num_speakers = 2;
    o.max_speakers = 3;
    assert_int_equal(diarist_options_check(&o, &err), DIARIST_ERROR_ARGUMENT);
    diarist_options_init(&o);
    o.min_speakers = 4;
    o.max_speakers = 3;
    assert_int_equal(diarist_options_check(&o, &err), DIARIST_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "min_speakers"));
}

static diarist_result *keep(diarist_task task, int threads, int keep_stages) {
    diarist_options options;
    diarist_result *result;
    const size_t n = (size_t)20 * RATE;
    diarist_options_init(&options);
    options.num_threads = threads;
    options.keep_stages = keep_stages;
    if (task == DIARIST_TASK_VAD)
        assert_int_equal(diarist_vad(&result, model, samples, n, &options, NULL), 0);
    else
        assert_int_equal(diarist_diarize(&result, model, samples, n, &options, NULL), 0);
    return result;
}

static void same_stages(const diarist_result *a, const diarist_result *b) {
    diarist_chunk c, d;
    diarist_window v, w;
    assert_int_equal(diarist_result_num_chunks(a), diarist_result_num_chunks(b));
    assert_int_equal(diarist_result_num_windows(a), diarist_result_num_windows(b));
    for (size_t i = 0; diarist_result_chunk(a, i, &c) == 0; i++) {
        assert_int_equal(diarist_result_chunk(b, i, &d), 0);
        assert_true(c.start == d.start && c.end == d.end);
        assert_memory_equal(c.active, d.active, c.num_frames * c.num_local);
        assert_memory_equal(c.embedding, d.embedding,
                            c.num_local * c.embedding_dim * sizeof(float));
        assert_memory_equal(c.cluster, d.cluster, c.num_local * sizeof(int32_t));
        assert_memory_equal(c.speaker, d.speaker, c.num_local * sizeof(int32_t));
    }
    for (size_t i = 0; diarist_result_window(a, i, &v) == 0; i++) {
        assert_int_equal(diarist_result_window(b, i, &w), 0);
        assert_true(v.start == w.start && v.end == w.end && v.speaker == w.speaker);
        assert_memory_equal(v.embedding, w.embedding, v.embedding_dim * sizeof(float));
    }
}

/* Kept stages change nothing and do not depend on threads; chunks are every 5 s. */
static void test_stages(void **state) {
    (void)state;
    diarist_result *without = keep(DIARIST_TASK_DIARIZE, 2, 0);
    diarist_result *one = keep(DIARIST_TASK_DIARIZE, 1, 1), *two = keep(DIARIST_TASK_DIARIZE, 2, 1);
    diarist_result *speech = keep(DIARIST_TASK_VAD, 2, 1);
    diarist_chunk chunk;
    diarist_window window;
    diarist_error err;
    diarist_recording *recording;
    diarist_options options;
    assert_int_equal(diarist_result_num_chunks(without), 0);
    assert_int_equal(diarist_result_num_windows(without), 0);
    assert_int_equal(diarist_result_chunk(without, 0, &chunk), -1);
    assert_same(without, one);
    assert_same(without, two);
    same_stages(one, two);
    assert_int_equal(diarist_result_num_chunks(one), 3);
    assert_int_equal(diarist_result_chunk(one, 3, &chunk), -1);
    assert_int_equal(diarist_result_chunk(one, 2, &chunk), 0);
    assert_true(chunk.start == 10.0 && chunk.end == 20.0);
    assert_int_equal(chunk.embedding_dim, 192);
    assert_true(diarist_result_num_windows(one) > 10);
    assert_int_equal(diarist_result_window(one, diarist_result_num_windows(one), &window), -1);

    assert_int_equal(diarist_result_num_chunks(speech), 3);
    assert_int_equal(diarist_result_num_windows(speech), 0);
    assert_int_equal(diarist_result_chunk(speech, 0, &chunk), 0);
    assert_non_null(chunk.active);
    assert_true(chunk.embedding_dim == 0 && !chunk.embedding && !chunk.cluster && !chunk.speaker);

    diarist_options_init(&options);
    options.task = DIARIST_TASK_EMBED;
    options.keep_stages = 1;
    assert_int_equal(diarist_recording_open(&recording, model, &options, &err),
                     DIARIST_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "keep_stages"));
    diarist_result_free(speech);
    diarist_result_free(two);
    diarist_result_free(one);
    diarist_result_free(without);
}

/* Thresholds of speech are of vad alone. */
static void test_thresholds(void **state) {
    (void)state;
    diarist_options o;
    diarist_error err;
    diarist_recording *recording;
    diarist_options_init(&o);
    o.onset = 0.2;
    o.offset = 0.3;
    assert_int_equal(diarist_options_check(&o, &err), DIARIST_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "offset 0.3 is above onset 0.2"));
    o.offset = 0.1;
    assert_int_equal(diarist_options_check(&o, &err), 0);
    for (int32_t task = DIARIST_TASK_DIARIZE; task <= DIARIST_TASK_EMBED; task++) {
        o.task = task;
        int status = diarist_recording_open(&recording, model, &o, &err);
        assert_int_equal(status, task == DIARIST_TASK_VAD ? 0 : DIARIST_ERROR_ARGUMENT);
        if (status)
            assert_non_null(strstr(err.message, "onset"));
        diarist_recording_free(recording);
    }
}

/* The number that is found by itself, when asked for, changes nothing. */
static void test_forced_number(void **state) {
    (void)state;
    diarist_options o;
    diarist_result *found = diarize(samples, num_samples, 2), *forced;
    diarist_options_init(&o);
    o.num_threads = 2;
    o.num_speakers = (int32_t)diarist_result_num_speakers(found);
    assert_int_equal(diarist_diarize(&forced, model, samples, num_samples, &o, NULL), 0);
    assert_same(found, forced);
    diarist_result_free(forced);
    diarist_result_free(found);
    o.num_speakers = 1;
    assert_int_equal(diarist_diarize(&forced, model, samples, num_samples, &o, NULL), 0);
    assert_int_equal(diarist_result_num_speakers(forced), 1);
    diarist_result_free(forced);
}

/* Networks are made ready when a recording needs them, and are the same. */
static void test_opened_model(void **state) {
    (void)state;
    diarist_model *other;
    diarist_model_info info, loaded;
    size_t n = (size_t)11 * RATE;
    diarist_error err;
    diarist_result *result, *expected;
    assert_int_equal(diarist_model_open(&other, "/does/not/exist", NULL, &err),
                     DIARIST_ERROR_MODEL);
    assert_null(other);
    assert_int_equal(diarist_model_open(&other, NULL, NULL, &err), 0);
    diarist_model_describe(other, &info);
    diarist_model_describe(model, &loaded);
    assert_string_equal(info.sha256, loaded.sha256);
    assert_string_equal(info.instruction_set, loaded.instruction_set);
    assert_int_equal(diarist_diarize(&result, other, samples, n, NULL, &err), 0);
    assert_int_equal(diarist_diarize(&expected, model, samples, n, NULL, &err), 0);
    assert_same(result, expected);
    diarist_result_free(expected);
    diarist_result_free(result);
    diarist_model_free(other);
}

static void test_models(void **state) {
    (void)state;
    diarist_error err;
    diarist_model *other = model;
    diarist_model_info info;
    assert_int_equal(diarist_model_load(&other, "/does/not/exist", NULL, &err),
                     DIARIST_ERROR_MODEL);
    assert_null(other);
    assert_non_null(strstr(err.message, "/does/not/exist"));
    assert_int_equal(diarist_model_load(&other, conversation, NULL, &err), DIARIST_ERROR_MODEL);
    assert_int_equal(diarist_model_load(&other, "/", NULL, &err), DIARIST_ERROR_MODEL);
    diarist_model_describe(model, &info);
    assert_int_equal(strlen(info.sha256), 64);
    assert_int_equal(info.embedding_dim, 192);
    diarist_model_free(NULL);
    diarist_result_free(NULL);
    diarist_recording_free(NULL);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads),
                                       cmocka_unit_test(test_parts),
                                       cmocka_unit_test(test_failing_allocations),
                                       cmocka_unit_test(test_cancel),
                                       cmocka_unit_test(test_progress),
                                       cmocka_unit_test(test_empty_and_silent),
                                       cmocka_unit_test(test_broken_samples),
                                       cmocka_unit_test(test_turns),
                                       cmocka_unit_test(test_embed),
                                       cmocka_unit_test(test_options),
                                       cmocka_unit_test(test_thresholds),
                                       cmocka_unit_test(test_stages),
                                       cmocka_unit_test(test_forced_number),
                                       cmocka_unit_test(test_opened_model),
                                       cmocka_unit_test(test_models)};
    if (argc != 2)
        return 2;
    conversation = argv[1];
    if (set_up(conversation, 30, NULL))
        return 1;
    return cmocka_run_group_tests_name("recording", tests, NULL, tear_down);
}
