/* test_vad_stream.c - promises of voice activity as it comes.
 * SPDX-License-Identifier: MIT
 *
 * On the conversation in examples/ (argument 1), with the embedded model: the same ranges however
 * samples are fed and for any number of threads; nothing is allocated after opening; a day passes
 * through. vad.py has what the ranges are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../engine/allocations.h"
#include "../engine/setup.h"
#include "diarist/stream.h"

enum { RATE = 16000, MOST = 64 };

/* ---- helpers ---- */

struct ranges {
    diarist_voice_range range[MOST];
    size_t num;
};

static void take(struct ranges *ranges, diarist_vad_stream *stream) {
    diarist_voice_range range;
    while (!diarist_vad_stream_next(stream, &range)) {
        assert_true(ranges->num < MOST);
        ranges->range[ranges->num++] = range;
    }
}

static diarist_vad_stream *open_stream(double step_s, int32_t threads) {
    diarist_vad_options options;
    diarist_vad_stream *stream;
    diarist_error err;
    diarist_vad_options_init(&options);
    options.step_s = step_s;
    options.num_threads = threads;
    if (diarist_vad_stream_open(&stream, model, &options, &err))
        fail_msg("%s", err.message);
    return stream;
}

static void feed(struct ranges *ranges, diarist_vad_stream *stream, const float *x, size_t n,
                 size_t part) {
    for (size_t at = 0; at < n;) {
        size_t used, want = n - at < part ? n - at : part;
        assert_int_equal(diarist_vad_stream_feed(stream, x + at, want, &used, NULL), 0);
        assert_true(used <= want && used > 0);
        at += used;
        take(ranges, stream);
    }
}

static void finish(struct ranges *ranges, diarist_vad_stream *stream) {
    assert_int_equal(diarist_vad_stream_finish(stream, NULL), 0);
    take(ranges, stream);
    diarist_vad_stream_free(stream);
}

static void assert_same(const struct ranges *a, const struct ranges *b) {
    assert_int_equal(a->num, b->num);
    assert_memory_equal(a->range, b->range, a->num * sizeof *a->range);
}

/* ---- tests ---- */

static void test_parts(void **state) {
    (void)state;
    const size_t parts[] = {1, 160, 7777, RATE, SIZE_MAX};
    const size_t lengths[] = {(size_t)23 * RATE + 17, 160000, 8000, num_samples};
    for (size_t i = 0; i < 4; i++) {
        struct ranges first = {.num = 0};
        for (size_t k = 0; k < 5; k++) {
            struct ranges ranges = {.num = 0};
            diarist_vad_stream *stream = open_stream(2.5, k == 4 ? 3 : 1);
            feed(&ranges, stream, samples, lengths[i], parts[k]);
            finish(&ranges, stream);
            if (k == 0)
                first = ranges;
            assert_same(&first, &ranges);
        }
        assert_true(first.num > 0 || lengths[i] < RATE);
        for (size_t r = 0; r < first.num; r++) {
            assert_true(first.range[r].start >= 0 && first.range[r].start < first.range[r].end);
            assert_true(first.range[r].end <= (double)lengths[i] / RATE);
        }
    }
}

/* Ranges are told at the earliest window that knows them, while feeding goes on; until they are
 * taken no more samples are. */
static void test_waits_for_taking(void **state) {
    (void)state;
    diarist_vad_stream *stream = open_stream(2.5, 1);
    diarist_voice_range range;
    size_t used, again, at = 0;
    while (at < num_samples) {
        assert_int_equal(
            diarist_vad_stream_feed(stream, samples + at, num_samples - at, &used, NULL), 0);
        at += used;
        if (at < num_samples) {
            assert_int_equal(diarist_vad_stream_feed(stream, samples, RATE, &again, NULL), 0);
            assert_int_equal(again, 0);
        }
        while (!diarist_vad_stream_next(stream, &range))
            assert_true(range.end <= (double)at / RATE);
    }
    diarist_vad_stream_free(stream);
}

static void test_active(void **state) {
    (void)state;
    diarist_vad_stream *stream = open_stream(2.5, 1);
    struct ranges ranges = {.num = 0};
    assert_false(diarist_vad_stream_active(stream));
    feed(&ranges, stream, samples + (size_t)RATE, 160000, RATE);
    assert_true(diarist_vad_stream_active(stream)); /* 6.25 s of the first one's talk are known */
    assert_int_equal(ranges.num, 1);
    finish(&ranges, stream);
}

static void test_nothing_is_allocated(void **state) {
    (void)state;
    diarist_vad_stream *stream = open_stream(2.5, 2);
    struct ranges ranges = {.num = 0};
    fail_allocation(0);
    feed(&ranges, stream, samples, num_samples, RATE / 2);
    assert_int_equal(diarist_vad_stream_finish(stream, NULL), 0);
    assert_int_equal(stop_failing(), 0);
    take(&ranges, stream);
    assert_true(ranges.num > 3);
    diarist_vad_stream_free(stream);
}

static void test_failing_allocations(void **state) {
    (void)state;
    int status = -1;
    for (long failures = 0; status; failures++) {
        diarist_vad_options options;
        diarist_vad_stream *stream = (diarist_vad_stream *)(void *)&options;
        diarist_error err;
        diarist_vad_options_init(&options);
        options.num_threads = 2;
        assert_true(failures < 1000);
        fail_allocation(failures);
        status = diarist_vad_stream_open(&stream, model, &options, &err);
        assert_true((stop_failing() < 0) == (status != 0));
        if (status) {
            assert_int_equal(status, DIARIST_ERROR_MEMORY);
            assert_int_equal(err.status, DIARIST_ERROR_MEMORY);
            assert_null(stream);
        } else {
            diarist_vad_stream_free(stream);
        }
    }
}

/* Talk in the first minute and, 12 hours later, the same talk; 24 hours in all. */
static void test_a_day(void **state) {
    (void)state;
    enum { MINUTE = 60 * RATE, HALF_DAY = 12 * 3600 };
    float *talk = calloc(MINUTE, sizeof *talk), *quiet = calloc(MINUTE, sizeof *quiet);
    struct ranges minute = {.num = 0}, day = {.num = 0};
    diarist_vad_stream *stream = open_stream(10, 1);
    assert_true(talk && quiet);
    memcpy(talk + (size_t)13 * RATE, samples, num_samples * sizeof *talk);
    feed(&minute, stream, talk, MINUTE, MINUTE);
    finish(&minute, stream);
    assert_true(minute.num > 3);
    stream = open_stream(10, 1);
    fail_allocation(0);
    for (int m = 0; m < 24 * 60; m++)
        feed(&day, stream, m % (12 * 60) ? quiet : talk, MINUTE, SIZE_MAX);
    assert_int_equal(stop_failing(), 0);
    finish(&day, stream);
    assert_int_equal(day.num, 2 * minute.num);
    for (size_t i = 0; i < minute.num; i++) {
        const diarist_voice_range *later = &day.range[minute.num + i];
        assert_memory_equal(&day.range[i], &minute.range[i], sizeof *later);
        assert_true(fabs(later->start - HALF_DAY - minute.range[i].start) < 1e-6);
        assert_true(fabs(later->end - HALF_DAY - minute.range[i].end) < 1e-6);
    }
    free(talk);
    free(quiet);
}

/* NaN and infinities are as if they were 0 and full scale. */
static void test_broken_samples(void **state) {
    (void)state;
    const size_t n = (size_t)12 * RATE;
    float *broken = malloc(n * sizeof *broken), *mended = malloc(n * sizeof *mended);
    struct ranges a = {.num = 0}, b = {.num = 0};
    diarist_vad_stream *stream = open_stream(2.5, 1);
    assert_true(broken && mended);
    memcpy(broken, samples, n * sizeof *broken);
    memcpy(mended, samples, n * sizeof *mended);
    for (size_t i = 0; i < n; i += 1001) {
        broken[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -1e30f;
        mended[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? 1.0f : -1.0f;
    }
    feed(&a, stream, broken, n, n);
    finish(&a, stream);
    stream = open_stream(2.5, 1);
    feed(&b, stream, mended, n, n);
    finish(&b, stream);
    assert_same(&a, &b);
    free(broken);
    free(mended);
}

static void test_the_end(void **state) {
    (void)state;
    const float silence[100] = {0};
    for (size_t n = 0; n <= 100; n += 50) {
        struct ranges ranges = {.num = 0};
        diarist_vad_stream *stream = open_stream(2.5, 1);
        diarist_error err;
        size_t used = 1;
        assert_int_equal(diarist_vad_stream_feed(stream, silence, n, &used, &err), 0);
        assert_int_equal(used, n);
        assert_int_equal(diarist_vad_stream_finish(stream, &err), 0);
        assert_int_equal(diarist_vad_stream_finish(stream, &err), DIARIST_ERROR_ARGUMENT);
        assert_int_equal(diarist_vad_stream_feed(stream, silence, 1, &used, &err),
                         DIARIST_ERROR_ARGUMENT);
        take(&ranges, stream);
        assert_int_equal(ranges.num, 0);
        diarist_vad_stream_free(stream);
    }
    diarist_vad_stream_free(NULL);
}

static void test_options(void **state) {
    (void)state;
    diarist_vad_options o;
    diarist_vad_stream *stream;
    diarist_error err;
#define REJECTED(field, value)                                              \
    do {                                                                    \
        diarist_vad_options_init(&o);                                       \
        o.field = value;                                                    \
        assert_int_equal(diarist_vad_stream_open(&stream, model, &o, &err), \
                         DIARIST_ERROR_ARGUMENT);                           \
        assert_non_null(strstr(err.message, #field));                       \
        assert_null(stream);                                                \
    } while (0)
    REJECTED(struct_size, 3);
    REJECTED(step_s, 0.4);
    REJECTED(step_s, 10.5);
    REJECTED(step_s, NAN);
    REJECTED(onset, 1.5);
    REJECTED(onset, NAN);
    REJECTED(offset, 0.6); /* above onset */
    REJECTED(offset, -0.1);
    REJECTED(min_duration_off_s, -1);
    REJECTED(num_threads, -1);
    REJECTED(num_threads, 5000);
#undef REJECTED
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),          cmocka_unit_test(test_waits_for_taking),
        cmocka_unit_test(test_active),         cmocka_unit_test(test_nothing_is_allocated),
        cmocka_unit_test(test_a_day),          cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_broken_samples), cmocka_unit_test(test_the_end),
        cmocka_unit_test(test_options)};
    if (argc != 2)
        return 2;
    if (set_up(argv[1], 33, NULL))
        return 1;
    return cmocka_run_group_tests_name("vad stream", tests, NULL, tear_down);
}
