/* test_queue.c - recordings in a queue: what diarist_diarize says of each, whatever happens to the
 * others. SPDX-License-Identifier: MIT
 *
 * usage: test_queue CONVERSATION.flac [MODEL.safetensors]
 *
 * Pieces of the conversation in examples/, with the embedded model: pushed as samples and through
 * readers, for several numbers of threads; readers that fail; allocations that fail; a full queue;
 * canceling and freeing while recordings are worked on. With a model: equality alone. */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "allocations.h"
#include "diarist/diarist.h"
#include "same_result.h"
#include "setup.h"

enum { RATE = 16000, NUM_PIECES = 7 };

/* A recording as the tests push it. */
struct piece {
    const float *samples;
    size_t num, part; /* part: samples that its reader yields at a time */
    size_t at;        /* where the reader is */
    size_t fails_at;  /* the reader fails there; 0: never */
    int endless;      /* the reader starts over at the end */
    pthread_mutex_t *gate;
    atomic_int num_reads;
};

/* ---- helpers ---- */

/* Yields a part of a piece. Holds the gate for a moment, so that a test which holds it can stop
 * the work. */
static int read_piece(void *tag, float *out, size_t capacity, size_t *num, diarist_error *err) {
    struct piece *piece = tag;
    atomic_fetch_add(&piece->num_reads, 1);
    if (piece->gate) {
        pthread_mutex_lock(piece->gate);
        pthread_mutex_unlock(piece->gate);
    }
    if (piece->fails_at && piece->at >= piece->fails_at) {
        snprintf(err->message, sizeof err->message, "tape torn after %zu samples", piece->at);
        return DIARIST_ERROR_INPUT;
    }
    if (piece->endless && piece->at == piece->num)
        piece->at = 0;
    size_t n = piece->part < capacity ? piece->part : capacity;
    n = n < piece->num - piece->at ? n : piece->num - piece->at;
    memcpy(out, piece->samples + piece->at, n * sizeof *out);
    piece->at += n;
    *num = n;
    return DIARIST_OK;
}

/* From an empty one over a few seconds to more than three windows, the last with samples that are
 * no numbers. */
static void make_pieces(struct piece pieces[NUM_PIECES]) {
    static const double start_s[NUM_PIECES] = {0, 0, 3, 9.5, 20, 31, 38};
    static const double length_s[NUM_PIECES] = {0, 1.5, 6, 3, 21, 4, 2};
    for (int i = 0; i < NUM_PIECES; i++) {
        size_t first = (size_t)(start_s[i] * RATE), num = (size_t)(length_s[i] * RATE);
        first = first < num_samples ? first : num_samples;
        pieces[i] = (struct piece){.samples = samples + first, .part = 4099};
        pieces[i].num = num < num_samples - first ? num : num_samples - first;
    }
}

static diarist_result *diarize(const struct piece *piece, diarist_task task) {
    diarist_error err;
    diarist_result *result;
    if ((task == DIARIST_TASK_VAD ? diarist_vad : diarist_diarize)(&result, model, piece->samples,
                                                                   piece->num, NULL, &err))
        fail_msg("%s", err.message);
    return result;
}

static diarist_queue *open_queue(int threads, size_t capacity, diarist_task task) {
    diarist_options options;
    diarist_error err;
    diarist_queue *queue;
    diarist_options_init(&options);
    options.num_threads = threads;
    options.task = task;
    if (diarist_queue_open(&queue, model, &options, capacity, &err))
        fail_msg("%s", err.message);
    return queue;
}

static void push(diarist_queue *queue, struct piece *piece, int by_reader) {
    diarist_error err;
    if (by_reader ? diarist_queue_push_reader(queue, read_piece, piece, &err)
                  : diarist_queue_push(queue, piece->samples, piece->num, piece, &err))
        fail_msg("%s", err.message);
}

/* The next recording; its index in pieces. */
static ptrdiff_t receive(diarist_finished *out, diarist_queue *queue, const struct piece *pieces) {
    assert_int_equal(diarist_queue_receive(out, queue, 1), 0);
    assert_true(out->error.status ? !out->result : !!out->result);
    return (const struct piece *)out->tag - pieces;
}

static void expect_nothing(diarist_queue *queue, int wait) {
    diarist_finished finished;
    assert_int_equal(diarist_queue_receive(&finished, queue, wait), -1);
    assert_null(finished.result);
}

/* ---- tests ---- */

/* All pieces, every other one through a reader; each comes once. */
static void check_equal(diarist_result *const *expected, int threads, diarist_task task) {
    struct piece pieces[NUM_PIECES];
    diarist_finished finished;
    int seen[NUM_PIECES] = {0};
    make_pieces(pieces);
    diarist_queue *queue = open_queue(threads, NUM_PIECES, task);
    for (int i = 0; i < NUM_PIECES; i++)
        push(queue, &pieces[i], i % 2);
    for (int i = 0; i < NUM_PIECES; i++) {
        ptrdiff_t k = receive(&finished, queue, pieces);
        assert_in_range(k, 0, NUM_PIECES - 1);
        assert_int_equal(seen[k]++, 0);
        assert_int_equal(finished.error.status, DIARIST_OK);
        assert_same(finished.result, expected[k]);
        assert_true(diarist_result_duration(finished.result) ==
                    diarist_result_duration(expected[k]));
        diarist_result_free(finished.result);
    }
    expect_nothing(queue, 1);
    diarist_queue_free(queue);
}

static void test_equal(void **state) {
    (void)state;
    const diarist_task tasks[] = {DIARIST_TASK_DIARIZE, DIARIST_TASK_VAD};
    for (int t = 0; t < 2; t++) {
        struct piece pieces[NUM_PIECES];
        diarist_result *expected[NUM_PIECES];
        size_t num_turns = 0;
        make_pieces(pieces);
        for (int i = 0; i < NUM_PIECES; i++) {
            expected[i] = diarize(&pieces[i], tasks[t]);
            num_turns += diarist_result_num_turns(expected[i], DIARIST_OVERLAPPING);
        }
        assert_true(num_turns > NUM_PIECES);
        for (int threads = 1; threads <= 3; threads += 2)
            check_equal(expected, threads, tasks[t]);
        for (int i = 0; i < NUM_PIECES; i++)
            diarist_result_free(expected[i]);
    }
}

static void test_one_fails(void **state) {
    (void)state;
    struct piece pieces[NUM_PIECES];
    diarist_finished finished;
    make_pieces(pieces);
    pieces[2].fails_at = RATE;
    pieces[3].fails_at = 1; /* after the first part */
    diarist_queue *queue = open_queue(2, 0, DIARIST_TASK_DIARIZE);
    for (int i = 1; i < 6; i++)
        push(queue, &pieces[i], 1);
    for (int i = 1; i < 6; i++) {
        ptrdiff_t k = receive(&finished, queue, pieces);
        if (k == 2 || k == 3) {
            assert_int_equal(finished.error.status, DIARIST_ERROR_INPUT);
            assert_string_equal(finished.error.message, k == 2 ? "tape torn after 16396 samples"
                                                               : "tape torn after 4099 samples");
            continue;
        }
        assert_int_equal(finished.error.status, DIARIST_OK);
        diarist_result *expected = diarize(&pieces[k], DIARIST_TASK_DIARIZE);
        assert_same(finished.result, expected);
        diarist_result_free(expected);
        diarist_result_free(finished.result);
    }
    diarist_queue_free(queue);
}

/* Three are in it, whether one is worked on or finished: a fourth has to wait. */
static void test_full(void **state) {
    (void)state;
    struct piece pieces[NUM_PIECES];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    diarist_finished finished;
    diarist_error err;
    make_pieces(pieces);
    pieces[1].gate = &gate;
    diarist_queue *queue = open_queue(1, 3, DIARIST_TASK_DIARIZE);
    expect_nothing(queue, 1);
    pthread_mutex_lock(&gate);
    for (int i = 1; i <= 3; i++)
        push(queue, &pieces[i], i == 1);
    assert_int_equal(diarist_queue_push(queue, samples, 1, NULL, &err), DIARIST_ERROR_LIMIT);
    assert_non_null(strstr(err.message, "full"));
    expect_nothing(queue, 0);
    pthread_mutex_unlock(&gate);
    for (int i = 1; i <= 3; i++) { /* one thread: in the order of pushing */
        assert_int_equal(receive(&finished, queue, pieces), i);
        diarist_result_free(finished.result);
        push(queue, &pieces[0], 0);
        assert_int_equal(diarist_queue_push_reader(queue, read_piece, &pieces[4], &err),
                         DIARIST_ERROR_LIMIT);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(receive(&finished, queue, pieces), 0);
        diarist_result_free(finished.result);
    }
    assert_int_equal(atomic_load(&pieces[4].num_reads), 0);
    diarist_queue_free(queue);
    pthread_mutex_destroy(&gate);
}

/* What is finished stays so; what is worked on (a reader without end) and what waits is canceled;
 * then the queue works on. */
static void test_cancel(void **state) {
    (void)state;
    struct piece pieces[NUM_PIECES];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    diarist_finished finished;
    make_pieces(pieces);
    pieces[4].endless = 1;
    pieces[4].gate = &gate;
    pthread_mutex_lock(&gate);
    diarist_queue *queue = open_queue(1, 4, DIARIST_TASK_DIARIZE);
    push(queue, &pieces[1], 0);
    push(queue, &pieces[4], 1);
    push(queue, &pieces[2], 0);
    push(queue, &pieces[5], 1);
    while (!atomic_load(&pieces[4].num_reads))
        sched_yield();
    diarist_queue_cancel(queue);
    pthread_mutex_unlock(&gate);
    assert_int_equal(receive(&finished, queue, pieces), 1);
    assert_int_equal(finished.error.status, DIARIST_OK);
    diarist_result_free(finished.result);
    const int canceled[] = {4, 2, 5};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(receive(&finished, queue, pieces), canceled[i]);
        assert_int_equal(finished.error.status, DIARIST_ERROR_CANCELED);
    }
    assert_int_equal(atomic_load(&pieces[4].num_reads), 1); /* no further */
    assert_int_equal(atomic_load(&pieces[5].num_reads), 0);
    push(queue, &pieces[2], 0);
    assert_int_equal(receive(&finished, queue, pieces), 2);
    assert_int_equal(finished.error.status, DIARIST_OK);
    diarist_result_free(finished.result);
    expect_nothing(queue, 1);
    diarist_queue_free(queue);
    pthread_mutex_destroy(&gate);
}

/* Minutes of samples are given up in the midst. */
static void test_cancel_at_work(void **state) {
    (void)state;
    const struct timespec moment = {.tv_nsec = 20000000};
    enum { TIMES = 8 };
    struct piece pieces[NUM_PIECES];
    diarist_finished finished;
    float *longer = malloc(TIMES * num_samples * sizeof *longer);
    assert_non_null(longer);
    for (size_t i = 0; i < TIMES; i++)
        memcpy(longer + i * num_samples, samples, num_samples * sizeof *samples);
    make_pieces(pieces);
    pieces[2].samples = longer;
    pieces[2].num = TIMES * num_samples;
    diarist_queue *queue = open_queue(1, 2, DIARIST_TASK_DIARIZE);
    push(queue, &pieces[0], 0);
    push(queue, &pieces[2], 0);
    assert_int_equal(receive(&finished, queue, pieces), 0);
    diarist_result_free(finished.result);
    nanosleep(&moment, NULL);
    diarist_queue_cancel(queue);
    assert_int_equal(receive(&finished, queue, pieces), 2);
    assert_int_equal(finished.error.status, DIARIST_ERROR_CANCELED);
    diarist_queue_free(queue);
    free(longer);
}

/* One is finished, two are worked on without end, two wait. */
static void test_free_at_work(void **state) {
    (void)state;
    struct piece pieces[NUM_PIECES];
    make_pieces(pieces);
    pieces[4].endless = pieces[5].endless = 1;
    diarist_queue *queue = open_queue(2, 5, DIARIST_TASK_DIARIZE);
    push(queue, &pieces[1], 0);
    push(queue, &pieces[4], 1);
    push(queue, &pieces[5], 1);
    push(queue, &pieces[2], 0);
    push(queue, &pieces[3], 1);
    while (!atomic_load(&pieces[4].num_reads) || !atomic_load(&pieces[5].num_reads))
        sched_yield();
    diarist_queue_free(queue);
    assert_int_equal(atomic_load(&pieces[3].num_reads), 0);
    diarist_queue_free(open_queue(4, 1, DIARIST_TASK_DIARIZE)); /* never used */
    diarist_queue_free(NULL);
}

/* Every allocation, and every start of a thread, fails once: of the queue, or of one of its two
 * recordings, and the other is as ever. (Under a sanitizer arenas allocate one by one, hundreds of
 * times: then every 97th after the first forty.) */
static void test_failing_allocations(void **state) {
    (void)state;
    struct piece pieces[NUM_PIECES];
    diarist_finished finished;
    diarist_error err;
    make_pieces(pieces);
    diarist_result *expected[] = {diarize(&pieces[0], DIARIST_TASK_DIARIZE),
                                  diarize(&pieces[1], DIARIST_TASK_DIARIZE)};
    diarist_options options;
    diarist_options_init(&options);
    options.num_threads = 2;
    int num_queues = 0, num_recordings = 0;
    long left = -1;
    for (long failures = 0; left < 0; failures += failures < 40 ? 1 : 97) {
        int num_failed = 0;
        diarist_queue *queue = (diarist_queue *)(void *)&options;
        assert_true(failures < 10000);
        fail_allocation(failures);
        int status = diarist_queue_open(&queue, model, &options, 2, &err);
        if (status) {
            assert_true(stop_failing() < 0);
            assert_int_equal(status, DIARIST_ERROR_MEMORY);
            assert_null(queue);
            num_queues++;
            continue;
        }
        for (int i = 0; i < 2; i++) {
            pieces[i].at = 0;
            push(queue, &pieces[i], i);
        }
        for (int i = 0; i < 2; i++) {
            ptrdiff_t k = receive(&finished, queue, pieces);
            if (finished.error.status) {
                assert_int_equal(finished.error.status, DIARIST_ERROR_MEMORY);
                num_failed++;
            } else {
                assert_same(finished.result, expected[k]);
            }
            diarist_result_free(finished.result);
        }
        left = stop_failing();
        diarist_queue_free(queue);
        assert_int_equal(num_failed, left < 0 ? 1 : 0);
        num_recordings += num_failed;
    }
    assert_true(num_queues >= 5); /* the queue, its jobs, its workers and two threads */
    assert_true(num_recordings > 10);
    diarist_result_free(expected[0]);
    diarist_result_free(expected[1]);
}

/* ---- options of a recording's own ---- */

struct watcher {
    atomic_int calls;
    int most; /* calls until it wants to stop; 0: never */
};

static int on_progress(void *data, diarist_stage stage, double fraction, double seconds) {
    struct watcher *watcher = data;
    (void)stage;
    (void)fraction;
    (void)seconds;
    const int calls = atomic_fetch_add(&watcher->calls, 1) + 1;
    return watcher->most && calls >= watcher->most;
}

static void on_finished(void *data) {
    atomic_fetch_add((atomic_int *)data, 1);
}

/* Piece 4 three times: with one speaker, with three threads and another step, and one that its own
 * progress ends; the last is that one alone. */
static void test_own_options(void **state) {
    (void)state;
    enum { NUM = 3 };
    struct piece pieces[NUM_PIECES];
    diarist_options options[NUM];
    struct watcher watchers[NUM] = {{.most = 0}, {.most = 0}, {.most = 1}};
    diarist_finished finished;
    diarist_error err;
    atomic_int num_finished = 0;
    make_pieces(pieces);
    for (int i = 0; i < NUM; i++) {
        pieces[i] = pieces[4];
        diarist_options_init(&options[i]);
        options[i].progress = on_progress;
        options[i].progress_data = &watchers[i];
    }
    options[0].num_speakers = 1;
    options[1].num_threads = 3;
    options[1].step_s = 2;
    diarist_queue *queue = open_queue(2, 0, DIARIST_TASK_DIARIZE);
    diarist_queue_notify(queue, on_finished, &num_finished);
    for (int i = 0; i < NUM; i++)
        assert_int_equal(
            diarist_queue_push_options(queue, &options[i], read_piece, &pieces[i], &err), 0);
    for (int i = 0; i < NUM; i++) {
        ptrdiff_t k = receive(&finished, queue, pieces);
        if (k == 2) {
            assert_int_equal(finished.error.status, DIARIST_ERROR_CANCELED);
            continue;
        }
        diarist_result *expected;
        options[k].progress = NULL;
        options[k].num_threads = 1;
        assert_int_equal(
            diarist_diarize(&expected, model, pieces[k].samples, pieces[k].num, &options[k], &err),
            0);
        assert_same(finished.result, expected);
        assert_true(atomic_load(&watchers[k].calls) > 1);
        diarist_result_free(expected);
        diarist_result_free(finished.result);
    }
    assert_int_equal(atomic_load(&watchers[2].calls), 1);
    diarist_queue_free(queue);
    assert_int_equal(atomic_load(&num_finished), NUM);
}

static int never(void *data, diarist_stage stage, double fraction, double seconds) {
    (void)data;
    (void)stage;
    (void)fraction;
    (void)seconds;
    return 0;
}

static void test_arguments(void **state) {
    (void)state;
    diarist_options o;
    diarist_error err;
    diarist_queue *queue;
#define REJECTED(field, value, capacity)                                        \
    do {                                                                        \
        diarist_options_init(&o);                                               \
        o.field = value;                                                        \
        queue = (diarist_queue *)(void *)&o;                                    \
        assert_int_equal(diarist_queue_open(&queue, model, &o, capacity, &err), \
                         DIARIST_ERROR_ARGUMENT);                               \
        assert_int_equal(err.status, DIARIST_ERROR_ARGUMENT);                   \
        assert_null(queue);                                                     \
    } while (0)
    REJECTED(struct_size, 3, 0);
    REJECTED(num_threads, -1, 0);
    REJECTED(step_s, NAN, 0);
    REJECTED(task, DIARIST_TASK_EMBED, 0);
    REJECTED(progress, never, 0);
    REJECTED(task, DIARIST_TASK_DIARIZE, SIZE_MAX);
#undef REJECTED
    assert_int_equal(diarist_queue_open(&queue, model, NULL, 0, &err), 0);
    assert_int_equal(diarist_queue_push(queue, NULL, 1, NULL, &err), DIARIST_ERROR_ARGUMENT);
    assert_int_equal(diarist_queue_push_reader(queue, NULL, NULL, &err), DIARIST_ERROR_ARGUMENT);
    diarist_options_init(&o);
    o.task = DIARIST_TASK_EMBED;
    assert_int_equal(diarist_queue_push_options(queue, &o, read_piece, NULL, &err),
                     DIARIST_ERROR_ARGUMENT);
    expect_nothing(queue, 1);
    diarist_queue_free(queue);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal),
                                       cmocka_unit_test(test_one_fails),
                                       cmocka_unit_test(test_full),
                                       cmocka_unit_test(test_cancel),
                                       cmocka_unit_test(test_cancel_at_work),
                                       cmocka_unit_test(test_free_at_work),
                                       cmocka_unit_test(test_failing_allocations),
                                       cmocka_unit_test(test_own_options),
                                       cmocka_unit_test(test_arguments)};
    const struct CMUnitTest equality[] = {cmocka_unit_test(test_equal)};
    if (argc != 2 && argc != 3)
        return 2;
    if (set_up(argv[1], 40, argc > 2 ? argv[2] : NULL))
        return 1;
    for (size_t i = 0; i < RATE; i += 501) /* in the last piece */
        samples[num_samples - RATE + i] = i % 2 ? NAN : INFINITY;
    if (argc > 2)
        return cmocka_run_group_tests_name("queue, a model", equality, NULL, tear_down);
    return cmocka_run_group_tests_name("queue", tests, NULL, tear_down);
}
