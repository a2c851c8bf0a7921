/* test_stream.c - promises of a live stream.
 * SPDX-License-Identifier: MIT
 *
 * On the conversation in examples/ (argument 1; four people, 6 turns in its first 33 s), with the
 * embedded model: the same events however samples come, with any threads and company; every event
 * keeps to the protocol; the kept result is the offline one; nothing is allocated after opening. */
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
#include "../engine/same_result.h"
#include "../engine/setup.h"
#include "diarist/stream.h"
#include "protocol.h"

#ifdef __SANITIZE_ADDRESS__
#define UNDER_ASAN 1
#else
#define UNDER_ASAN 0
#endif

enum { RATE = 16000, MOST = 2048, DIM = 192 };

/* ---- a stream and what it said ---- */

struct live {
    diarist_stream *stream;
    size_t num;
    diarist_event event[MOST];
    struct protocol protocol;
};

static diarist_stream_options options_of(double latency_s) {
    diarist_stream_options options;
    diarist_stream_options_init(&options);
    options.latency_s = latency_s;
    options.num_threads = 1;
    return options;
}

/* To be ended with finish_live and freed. */
static struct live *open_live(const diarist_stream_options *options, diarist_stream_group *group) {
    struct live *live = calloc(1, sizeof *live);
    diarist_error err;
    assert_non_null(live);
    protocol_init(&live->protocol, options->latency_s, options->num_known);
    if (diarist_stream_open(&live->stream, model, options, group, &err))
        fail_msg("%s", err.message);
    return live;
}

static void take(struct live *live) {
    diarist_event event;
    const char *wrong;
    while (!protocol_next(&live->protocol, live->stream, &event, &wrong)) {
        if (wrong)
            fail_msg("event %d: %s", (int)event.seq, wrong);
        assert_true(live->num < MOST);
        memset(&live->event[live->num], 0, sizeof event); /* padding too is compared */
        diarist_event *to = &live->event[live->num++];
        to->seq = event.seq;
        to->type = event.type;
        to->speaker = event.speaker;
        to->into = event.into;
        to->flags = event.flags;
        to->turn = event.turn;
        to->start = event.start;
        to->end = event.end;
        to->confidence = event.confidence;
        to->at = event.at;
    }
}

/* x NULL: skips. In a group the group runs when the stream takes no more. */
static void feed(struct live *live, diarist_stream_group *group, const float *x, size_t n,
                 size_t part) {
    for (size_t at = 0, used, steps; at < n; at += used) {
        const size_t want = n - at < part ? n - at : part;
        if (x)
            assert_int_equal(diarist_stream_feed(live->stream, x + at, want, &used, NULL), 0);
        else
            assert_int_equal(diarist_stream_skip(live->stream, want, &used, NULL), 0);
        assert_true(used <= want);
        if (group && used < want) {
            assert_int_equal(diarist_stream_group_run(group, &steps, NULL), 0);
            assert_true(used || steps);
        } else {
            assert_true(used > 0);
        }
        take(live);
    }
}

/* All of it is said and everything was right; the stream is still there. */
static void end(struct live *live) {
    assert_int_equal(diarist_stream_finish(live->stream, NULL), 0);
    take(live);
    const char *wrong = protocol_end(&live->protocol);
    if (wrong)
        fail_msg("%s", wrong);
}

static void close_live(struct live *live) {
    if (live)
        diarist_stream_free(live->stream);
    free(live);
}

static struct live *run(const diarist_stream_options *options, const float *x, size_t n,
                        size_t part) {
    struct live *live = open_live(options, NULL);
    feed(live, NULL, x, n, part);
    end(live);
    return live;
}

static void assert_same_events(const struct live *a, const struct live *b) {
    assert_int_equal(a->num, b->num);
    assert_memory_equal(a->event, b->event, a->num * sizeof *a->event);
}

static size_t count(const struct live *live, diarist_event_type type) {
    size_t num = 0;
    for (size_t i = 0; i < live->num; i++)
        num += live->event[i].type == (int32_t)type;
    return num;
}

/* ---- the same whatever the way ---- */

static void test_parts(void **state) {
    (void)state;
    const size_t parts[] = {160, RATE, SIZE_MAX};
    const size_t n = (size_t)13 * RATE + 1234;
    diarist_stream_options options = options_of(2);
    struct live *first = run(&options, samples, n, SIZE_MAX);
    assert_true(count(first, DIARIST_TURN_FINAL) >= 2);
    for (size_t k = 0; k < 3; k++) {
        options.num_threads = 1 + (k == 2);
        struct live *live = run(&options, samples, n, parts[k]);
        assert_same_events(first, live);
        close_live(live);
    }
    close_live(first);
}

static void test_one_by_one(void **state) {
    (void)state;
    const size_t n = (size_t)4 * RATE;
    const diarist_stream_options options = options_of(1);
    struct live *first = run(&options, samples, n, SIZE_MAX);
    struct live *live = run(&options, samples, n, 1);
    assert_true(first->num > 1);
    assert_same_events(first, live);
    close_live(live);
    close_live(first);
}

/* Streams that share a group, each fed at its own pace, say what they say alone. */
static void test_group(void **state) {
    (void)state;
    enum { STREAMS = 3 };
    const double latencies[STREAMS] = {2, 1.9, 5};
    const size_t parts[STREAMS] = {8000, 50000, 1600}, n = (size_t)11 * RATE;
    diarist_stream_group *group;
    struct live *live[STREAMS], *alone[STREAMS];
    for (int32_t threads = 1; threads <= 2; threads++) {
        assert_int_equal(diarist_stream_group_open(&group, model, threads, NULL), 0);
        for (size_t i = 0; i < STREAMS; i++) {
            const diarist_stream_options options = options_of(latencies[i]);
            live[i] = open_live(&options, group);
            if (threads == 1)
                alone[i] = run(&options, samples + i * 5 * RATE, n, SIZE_MAX);
        }
        size_t at[STREAMS] = {0}, done = 0, steps;
        for (size_t round = 0; done < STREAMS * n; round++) {
            for (size_t i = 0; i < STREAMS; i++) {
                size_t used, want = n - at[i] < parts[i] ? n - at[i] : parts[i];
                assert_int_equal(diarist_stream_feed(live[i]->stream,
                                                     samples + i * 5 * RATE + at[i], want, &used,
                                                     NULL),
                                 0);
                at[i] += used;
                done += used;
                if (round % 3 == i) /* events wait, and so do their streams */
                    take(live[i]);
            }
            assert_int_equal(diarist_stream_group_run(group, &steps, NULL), 0);
            assert_true(round < 100000);
        }
        for (size_t i = 0; i < STREAMS; i++) {
            end(live[i]);
            assert_same_events(alone[i], live[i]);
            close_live(live[i]);
        }
        diarist_stream_group_free(group);
    }
    for (size_t i = 0; i < STREAMS; i++)
        close_live(alone[i]);
}

enum { MANY = 13, MANY_LENGTH = 17 * RATE / 10 };

/* Streams of a group are given all they take before it runs. */
static void run_many(struct live *live[MANY], float x[MANY][MANY_LENGTH],
                     diarist_stream_group *group) {
    size_t at[MANY] = {0}, done = 0, steps;
    while (done < (size_t)MANY * MANY_LENGTH) {
        for (size_t i = 0; i < MANY; i++) {
            size_t used;
            assert_int_equal(diarist_stream_feed(live[i]->stream, x[i] + at[i], MANY_LENGTH - at[i],
                                                 &used, NULL),
                             0);
            at[i] += used;
            done += used;
        }
        assert_int_equal(diarist_stream_group_run(group, &steps, NULL), 0);
        assert_true(steps > 0 || done == (size_t)MANY * MANY_LENGTH);
        for (size_t i = 0; i < MANY; i++)
            take(live[i]);
    }
}

/* More streams than one or two threads take in a round, of one step or three, silent at first, for
 * good, or not at all: whichever threads do them, each says what it says alone. */
static void test_group_many(void **state) {
    (void)state;
    const size_t silent[] = {0, 0, MANY_LENGTH / 2, 0, MANY_LENGTH, 0, MANY_LENGTH / 4};
    const int32_t threads[] = {1, 2, 3, 7};
    struct live *alone[MANY], *live[MANY];
    diarist_stream_options options[MANY];
    size_t num_events = 0;
    float(*x)[MANY_LENGTH] = calloc(MANY, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < MANY; i++) {
        const size_t from = silent[i % 7];
        memcpy(x[i] + from, samples + i * 2 * RATE, (MANY_LENGTH - from) * sizeof **x);
        options[i] = options_of(i % 3 ? 2 : 1);
        alone[i] = open_live(&options[i], NULL);
        feed(alone[i], NULL, x[i], MANY_LENGTH, SIZE_MAX);
        num_events += alone[i]->num;
    }
    assert_true(num_events > MANY);
    for (size_t k = 0; k < 4; k++) {
        diarist_stream_group *group;
        assert_int_equal(diarist_stream_group_open(&group, model, threads[k], NULL), 0);
        for (size_t i = 0; i < MANY; i++)
            live[i] = open_live(&options[i], group);
        run_many(live, x, group);
        for (size_t i = 0; i < MANY; i++) {
            assert_same_events(alone[i], live[i]);
            close_live(live[i]);
        }
        diarist_stream_group_free(group);
    }
    for (size_t i = 0; i < MANY; i++)
        close_live(alone[i]);
    free(x);
}

/* As much as is taken before the group first runs, then the end at once. */
static void test_group_finish(void **state) {
    (void)state;
    const diarist_stream_options options = options_of(0.5);
    diarist_stream_group *group;
    size_t used;
    assert_int_equal(diarist_stream_group_open(&group, model, 2, NULL), 0);
    struct live *live = open_live(&options, group);
    assert_int_equal(diarist_stream_feed(live->stream, samples, num_samples, &used, NULL), 0);
    assert_true(used > 0 && used < RATE); /* two steps at most, which are left to do at the end */
    struct live *alone = run(&options, samples, used, SIZE_MAX);
    end(live);
    assert_same_events(alone, live);
    close_live(alone);
    close_live(live);
    diarist_stream_group_free(group);
}

static void test_skip(void **state) {
    (void)state;
    const size_t before = (size_t)6 * RATE + 11, lost = (size_t)3 * RATE + 7, after = 4 * RATE;
    const diarist_stream_options options = options_of(2);
    float *silence = calloc(lost, sizeof *silence);
    struct live *skips = open_live(&options, NULL), *zeros = open_live(&options, NULL);
    assert_non_null(silence);
    feed(skips, NULL, samples, before, SIZE_MAX);
    feed(skips, NULL, NULL, lost, 5000);
    feed(skips, NULL, samples + before, after, SIZE_MAX);
    feed(zeros, NULL, samples, before, 999);
    feed(zeros, NULL, silence, lost, SIZE_MAX);
    feed(zeros, NULL, samples + before, after, 160);
    end(skips);
    end(zeros);
    assert_true(diarist_stream_duration(skips->stream) == (double)(before + lost + after) / RATE);
    assert_same_events(skips, zeros);
    free(silence);
    close_live(zeros);
    close_live(skips);
}

/* NaN and infinities are as if they were 0 and full scale. */
static void test_broken_samples(void **state) {
    (void)state;
    const size_t n = (size_t)8 * RATE;
    const diarist_stream_options options = options_of(2);
    float *broken = malloc(n * sizeof *broken), *mended = malloc(n * sizeof *mended);
    assert_true(broken && mended);
    memcpy(broken, samples, n * sizeof *broken);
    memcpy(mended, samples, n * sizeof *mended);
    for (size_t i = 0; i < n; i += 1001) {
        broken[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -1e30f;
        mended[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? 1.0f : -1.0f;
    }
    struct live *a = run(&options, broken, n, n), *b = run(&options, mended, n, n);
    assert_same_events(a, b);
    close_live(b);
    close_live(a);
    free(broken);
    free(mended);
}

/* ---- the kept result ---- */

static void test_result(void **state) {
    (void)state;
    const int32_t presets[] = {DIARIST_PRESET_BALANCED, DIARIST_PRESET_ACCURATE};
    const size_t half = (size_t)7 * RATE + 3, lost = (size_t)2 * RATE + 1, n = 2 * half + lost;
    float *whole = calloc(n, sizeof *whole);
    assert_non_null(whole);
    memcpy(whole, samples, half * sizeof *whole);
    memcpy(whole + half + lost, samples + half, half * sizeof *whole);
    for (size_t i = 0; i < 2; i++) {
        diarist_stream_options options = options_of(5);
        diarist_options offline;
        diarist_result *expected, *kept;
        diarist_error err;
        diarist_options_init(&offline);
        options.preset = offline.preset = presets[i];
        options.keep_result = 1;
        options.max_speakers = offline.max_speakers = 2;
        options.cluster_threshold = offline.cluster_threshold = 0.45;
        struct live *live = open_live(&options, NULL);
        feed(live, NULL, samples, half, 12347);
        feed(live, NULL, NULL, lost, 9000);
        assert_int_equal(diarist_stream_result(&kept, live->stream, &err), DIARIST_ERROR_ARGUMENT);
        assert_null(kept);
        feed(live, NULL, samples + half, half, 54321);
        end(live);
        assert_int_equal(diarist_diarize(&expected, model, whole, n, &offline, &err), 0);
        assert_int_equal(diarist_stream_result(&kept, live->stream, &err), 0);
        assert_true(diarist_result_num_speakers(kept) == 2);
        assert_same(expected, kept);
        diarist_result_free(kept);
        assert_int_equal(diarist_stream_result(&kept, live->stream, &err), DIARIST_ERROR_ARGUMENT);
        assert_null(kept);
        diarist_result_free(expected);
        close_live(live);
    }
    free(whole);
}

/* ---- the protocol ---- */

/* take and end check every event. */
static void test_latencies(void **state) {
    (void)state;
    const double latencies[] = {0.5, 1, 2, 5};
    for (size_t i = 0; i < 4; i++) {
        const diarist_stream_options options = options_of(latencies[i]);
        const size_t n = i == 2 ? num_samples : (size_t)13 * RATE + 99 * i;
        struct live *live = run(&options, samples, n, SIZE_MAX);
        assert_true(count(live, DIARIST_TURN_FINAL) >= 2);
        assert_true(count(live, DIARIST_TURN_UPDATE) >= 2);
        float voice[DIM];
        const size_t num_speakers = diarist_stream_num_speakers(live->stream);
        assert_true(num_speakers >= 2);
        assert_int_equal(diarist_stream_speaker(voice, live->stream, num_speakers), -1);
        assert_int_equal(diarist_stream_speaker(voice, live->stream, SIZE_MAX), -1);
        close_live(live);
    }
}

static void test_the_end(void **state) {
    (void)state;
    const size_t lengths[] = {0, 1, 400, 4800, 160000, 160001, 200000};
    for (size_t i = 0; i < 7; i++) {
        const diarist_stream_options options = options_of(i % 2 ? 1 : 2);
        struct live *live = run(&options, samples + RATE, lengths[i], SIZE_MAX);
        diarist_error err;
        size_t used = 5;
        assert_true(diarist_stream_duration(live->stream) == (double)lengths[i] / RATE);
        assert_int_equal(diarist_stream_finish(live->stream, &err), DIARIST_ERROR_ARGUMENT);
        assert_int_equal(diarist_stream_feed(live->stream, samples, 1, &used, &err),
                         DIARIST_ERROR_ARGUMENT);
        assert_int_equal(used, 0);
        assert_int_equal(diarist_stream_skip(live->stream, 1, &used, &err), DIARIST_ERROR_ARGUMENT);
        if (lengths[i] >= 160000)
            assert_true(count(live, DIARIST_TURN_FINAL) > 0);
        if (lengths[i] < 2)
            assert_int_equal(live->num, 0);
        close_live(live);
    }
    diarist_stream_free(NULL);
    diarist_stream_group_free(NULL);
}

static void test_silence(void **state) {
    (void)state;
    const diarist_stream_options options = options_of(2);
    struct live *live = open_live(&options, NULL);
    float voice[DIM];
    feed(live, NULL, NULL, (size_t)120 * RATE, SIZE_MAX);
    end(live);
    assert_int_equal(live->num, 0);
    assert_int_equal(diarist_stream_num_speakers(live->stream), 0);
    assert_int_equal(diarist_stream_speaker(voice, live->stream, 0), -1);
    close_live(live);
}

/* Until events are taken nothing more is; and then it goes on as if they had been at once. */
static void test_waits_for_taking(void **state) {
    (void)state;
    const diarist_stream_options options = options_of(2);
    const size_t n = (size_t)10 * RATE;
    struct live *live = open_live(&options, NULL), *first = run(&options, samples, n, SIZE_MAX);
    size_t waits = 0;
    for (size_t at = 0, used, again; at < n; at += used) {
        assert_int_equal(diarist_stream_feed(live->stream, samples + at, n - at, &used, NULL), 0);
        if (at + used < n) {
            assert_int_equal(diarist_stream_feed(live->stream, samples, RATE, &again, NULL), 0);
            assert_int_equal(again, 0);
            assert_int_equal(diarist_stream_skip(live->stream, RATE, &again, NULL), 0);
            assert_int_equal(again, 0);
            waits++;
        }
        take(live);
    }
    assert_true(waits > 2);
    end(live);
    assert_same_events(first, live);
    close_live(first);
    close_live(live);
}

/* ---- speakers ---- */

static void test_max_speakers(void **state) {
    (void)state;
    for (int32_t most = 1; most <= 2; most++) {
        diarist_stream_options options = options_of(2);
        options.max_speakers = most;
        struct live *live = run(&options, samples, (size_t)14 * RATE, SIZE_MAX);
        unsigned seen = 0;
        for (size_t i = 0; i < live->num; i++)
            if (live->event[i].type == DIARIST_TURN_FINAL)
                seen |= 1u << live->event[i].speaker;
        assert_int_equal(seen, (1u << most) - 1);
        close_live(live);
    }
}

/* Seconds that each speaker talks in [start_s, end_s), as final turns say. */
static void seconds_of(double *seconds, const struct live *live, double start_s, double end_s) {
    memset(seconds, 0, 8 * sizeof *seconds);
    for (size_t i = 0; i < live->num; i++) {
        const diarist_event *e = &live->event[i];
        if (e->type != DIARIST_TURN_FINAL)
            continue;
        assert_true(e->speaker < 8);
        seconds[e->speaker] += fmax(0, fmin(e->end, end_s) - fmax(e->start, start_s));
    }
}

/* Brought to unit length once more, which may round. */
static void assert_same_voice(const float *voice, const float *known) {
    for (size_t d = 0; d < DIM; d++)
        assert_true(fabsf(voice[d] - known[d]) <= 3e-7f * fabsf(known[d]));
}

/* Colin (30.0 to 33 s) and Anna (25.8 to 29.5 s) are known from elsewhere; in the first 16.1 s Anna
 * talks up to 6.1, Ben up to 12.0, Colin from 12.5 to 15.8. */
static void test_known(void **state) {
    (void)state;
    float known[2 * DIM], voice[DIM];
    double seconds[8];
    assert_int_equal(
        diarist_embed(known, model, samples + (size_t)30 * RATE, (size_t)3 * RATE, NULL, NULL), 0);
    assert_int_equal(diarist_embed(known + DIM, model, samples + (size_t)26 * RATE,
                                   (size_t)3 * RATE, NULL, NULL),
                     0);
    diarist_stream_options options = options_of(2);
    options.known = known;
    options.num_known = 2;
    struct live *live = open_live(&options, NULL);
    assert_int_equal(diarist_stream_num_speakers(live->stream), 2);
    assert_int_equal(diarist_stream_speaker(voice, live->stream, 1), 0);
    assert_same_voice(voice, known + DIM);
    feed(live, NULL, samples, (size_t)16 * RATE, RATE);
    end(live);
    seconds_of(seconds, live, 0.8, 6.1);
    assert_true(seconds[1] > 3.5 && seconds[0] < 0.5);
    seconds_of(seconds, live, 6.7, 12.0);
    assert_true(seconds[0] + seconds[1] < 2.7);
    seconds_of(seconds, live, 12.5, 15.8);
    assert_true(seconds[0] > 2.0 && seconds[1] < 0.5);
    assert_int_equal(diarist_stream_speaker(voice, live->stream, 0), 0);
    assert_same_voice(voice, known);
    close_live(live);
}

/* ---- memory and options ---- */

/* Not under AddressSanitizer, for which every allocation of an arena is one of its own. */
static void test_nothing_is_allocated(void **state) {
    (void)state;
    if (UNDER_ASAN)
        return;
    diarist_stream_options options = options_of(1);
    options.num_threads = 2;
    struct live *live = open_live(&options, NULL);
    fail_allocation(0);
    feed(live, NULL, samples, (size_t)12 * RATE, 4567);
    feed(live, NULL, NULL, RATE, RATE);
    assert_int_equal(diarist_stream_finish(live->stream, NULL), 0);
    assert_int_equal(stop_failing(), 0);
    take(live);
    assert_true(count(live, DIARIST_TURN_FINAL) >= 2);
    close_live(live);
}

static void test_failing_allocations(void **state) {
    (void)state;
    int status = -1;
    for (long failures = 0; status; failures++) {
        diarist_stream_options options = options_of(2);
        diarist_stream *stream = (diarist_stream *)(void *)&options;
        diarist_error err;
        options.num_threads = 2;
        options.keep_result = 1;
        assert_true(failures < 1000);
        fail_allocation(failures);
        status = diarist_stream_open(&stream, model, &options, NULL, &err);
        assert_true((stop_failing() < 0) == (status != 0));
        if (status) {
            assert_int_equal(status, DIARIST_ERROR_MEMORY);
            assert_int_equal(err.status, DIARIST_ERROR_MEMORY);
            assert_null(stream);
        } else {
            diarist_stream_free(stream);
        }
    }
}

static void test_options(void **state) {
    (void)state;
    static const float known[33 * DIM];
    diarist_stream_options o;
    diarist_stream *stream;
    diarist_stream_group *group;
    diarist_error err;
#define REJECTED(change, word)                                                \
    do {                                                                      \
        diarist_stream_options_init(&o);                                      \
        change;                                                               \
        stream = (diarist_stream *)(void *)&o;                                \
        assert_int_equal(diarist_stream_open(&stream, model, &o, NULL, &err), \
                         DIARIST_ERROR_ARGUMENT);                             \
        assert_int_equal(err.status, DIARIST_ERROR_ARGUMENT);                 \
        assert_non_null(strstr(err.message, word));                           \
        assert_null(stream);                                                  \
    } while (0)
    REJECTED(o.struct_size = 3, "struct_size");
    REJECTED(o.latency_s = 0.49, "latency_s");
    REJECTED(o.latency_s = 5.01, "latency_s");
    REJECTED(o.latency_s = NAN, "latency_s");
    REJECTED(o.preset = DIARIST_PRESET_FAST, "preset");
    REJECTED(o.preset = 7, "preset");
    REJECTED(o.num_threads = -1, "num_threads");
    REJECTED(o.num_threads = 5000, "num_threads");
    REJECTED(o.max_speakers = -1, "max_speakers");
    REJECTED(o.max_speakers = 33, "max_speakers");
    REJECTED(o.cluster_threshold = 1.5, "cluster_threshold");
    REJECTED(o.cluster_threshold = -1.5, "cluster_threshold");
    REJECTED(o.cluster_threshold = NAN, "cluster_threshold");
    REJECTED(o.known_threshold = -0.1, "known_threshold");
    REJECTED(o.known_threshold = 1.1, "known_threshold");
    REJECTED(o.known_threshold = NAN, "known_threshold");
    REJECTED(o.num_known = 1, "num_known");
    REJECTED((o.known = known, o.num_known = -1), "num_known");
    REJECTED((o.known = known, o.num_known = 33), "known");
    REJECTED((o.known = known, o.num_known = 3, o.max_speakers = 2), "known");
    REJECTED((o.known = known, o.num_known = 2, o.max_speakers = 2), "known");
#undef REJECTED
    assert_int_equal(diarist_stream_group_open(&group, model, -1, &err), DIARIST_ERROR_ARGUMENT);
    assert_null(group);
    assert_int_equal(diarist_stream_open(&stream, model, NULL, NULL, &err), 0);
    diarist_result *result;
    assert_int_equal(diarist_stream_finish(stream, &err), 0);
    assert_int_equal(diarist_stream_result(&result, stream, &err), DIARIST_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "keep_result"));
    assert_null(result);
    diarist_stream_free(stream);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts),
                                       cmocka_unit_test(test_one_by_one),
                                       cmocka_unit_test(test_group),
                                       cmocka_unit_test(test_group_many),
                                       cmocka_unit_test(test_group_finish),
                                       cmocka_unit_test(test_skip),
                                       cmocka_unit_test(test_broken_samples),
                                       cmocka_unit_test(test_result),
                                       cmocka_unit_test(test_latencies),
                                       cmocka_unit_test(test_the_end),
                                       cmocka_unit_test(test_silence),
                                       cmocka_unit_test(test_max_speakers),
                                       cmocka_unit_test(test_waits_for_taking),
                                       cmocka_unit_test(test_known),
                                       cmocka_unit_test(test_nothing_is_allocated),
                                       cmocka_unit_test(test_failing_allocations),
                                       cmocka_unit_test(test_options)};
    if (argc != 2)
        return 2;
    if (set_up(argv[1], 33, NULL))
        return 1;
    return cmocka_run_group_tests_name("stream", tests, NULL, tear_down);
}
