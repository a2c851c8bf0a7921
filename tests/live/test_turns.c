/* test_turns.c - from runs of frames to events, by hand.
 * SPDX-License-Identifier: MIT */
#include "live/turns.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Where frame f begins: frames are 16.875 ms apart, 991 samples long; a turn begins and ends half a
 * step before their middles. */
static double time_of(size_t f) {
    return 0.016875 * (double)f + 495.5 / 16000 - 0.016875 / 2;
}

enum { MOST_RUNS = 4 };

struct scene {
    struct dr_arena memory, scratch;
    struct dr_live_turns turns;
};

static void make_scene(struct scene *s) {
    *s = (struct scene){.turns = {0}};
    assert_int_equal(dr_live_turns_open(&s->turns, 100, &s->memory, NULL), 0);
}

static void free_scene(struct scene *s) {
    diarist_event event;
    assert_int_equal(dr_live_turns_next(&s->turns, &event), -1); /* nothing more was said */
    dr_arena_free(&s->memory);
    dr_arena_free(&s->scratch);
}

/* A run of frames [first, end) of the stream, of a speaker that is heard as surely as that. */
struct talk {
    uint32_t speaker;
    size_t first, end;
    double probability;
};

static const int32_t number[] = {5, 7, 9};

/* settled up to `final`, seeming beyond; both end with a run of no frames. */
static void step(struct scene *s, const struct talk *settled, const struct talk *seeming,
                 size_t final, double at_s) {
    s->turns.at_s = at_s;
    struct dr_run runs[2][MOST_RUNS];
    struct dr_live_runs of[2] = {{s->turns.final_frame, runs[0], 0}, {final, runs[1], 0}};
    for (int i = 0; i < 2; i++)
        for (const struct talk *t = i ? seeming : settled; t->end; t++)
            runs[i][of[i].num++] =
                (struct dr_run){.speaker = t->speaker,
                                .first = t->first - of[i].first,
                                .end = t->end - of[i].first,
                                .before = 3, /* of runs before it */
                                .after = 3 + t->probability * (double)(t->end - t->first)};
    assert_int_equal(
        dr_live_turns_step(&s->turns, &of[0], &of[1], number, final, &s->scratch, NULL), 0);
}

static void finish(struct scene *s, double at_s) {
    s->turns.at_s = at_s;
    dr_live_turns_finish(&s->turns);
}

/* The next event; times are frames. */
static diarist_event expect(struct scene *s, diarist_event_type type, uint64_t turn,
                            int32_t speaker, size_t first, size_t end) {
    diarist_event e;
    memset(&e, 0, sizeof e);
    assert_int_equal(dr_live_turns_next(&s->turns, &e), 0);
    assert_int_equal(e.type, type);
    assert_int_equal(e.turn, turn);
    assert_int_equal(e.speaker, speaker);
    assert_int_equal(e.into, -1);
    assert_true(fabs(e.start - (first ? time_of(first) : 0)) < 1e-9);
    assert_true(fabs(e.end - time_of(end)) < 1e-9);
    return e;
}

static void expect_nothing(struct scene *s) {
    diarist_event e;
    assert_int_equal(dr_live_turns_next(&s->turns, &e), -1);
}

#define TALK(...)           \
    (const struct talk[]) { \
        __VA_ARGS__, {      \
            0, 0, 0, 0      \
        }                   \
    }
#define NOBODY ((const struct talk[]){{0, 0, 0, 0}})

static void test_goes_on(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, NOBODY, TALK({0, 2, 10, 0.5}), 0, 1.0);
    diarist_event e = expect(&s, DIARIST_TURN_START, 1, 5, 2, 10);
    assert_true(e.seq == 1 && e.at == 1.0 && e.flags == 0 && fabsf(e.confidence - 0.5f) < 1e-6f);
    step(&s, TALK({0, 2, 10, 0.5}), TALK({0, 10, 20, 1}), 10, 2.0);
    e = expect(&s, DIARIST_TURN_UPDATE, 1, 5, 2, 20);
    assert_true(e.seq == 2 && e.at == 2.0 && fabs(e.confidence - 14.0 / 18) < 1e-6);
    /* What only seemed to be said is said anew: it was 6 frames, not 10. */
    step(&s, TALK({0, 10, 16, 1}), NOBODY, 20, 3.0);
    e = expect(&s, DIARIST_TURN_FINAL, 1, 5, 2, 16);
    assert_true(e.seq == 3 && e.at == 3.0 && fabs(e.confidence - 10.0 / 14) < 1e-6);
    step(&s, NOBODY, NOBODY, 30, 4.0);
    free_scene(&s);
}

/* A turn from the very first frame begins at 0; one that ends where what is final ends may go on.
 */
static void test_at_the_edge(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, TALK({1, 0, 10, 1}), NOBODY, 10, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 7, 0, 10);
    step(&s, TALK({1, 10, 12, 1}), NOBODY, 20, 2.0);
    expect(&s, DIARIST_TURN_FINAL, 1, 7, 0, 12);
    step(&s, TALK({1, 22, 30, 1}), NOBODY, 30, 3.0);
    expect(&s, DIARIST_TURN_START, 2, 7, 22, 30);
    step(&s, NOBODY, NOBODY, 40, 4.0);
    expect(&s, DIARIST_TURN_FINAL, 2, 7, 22, 30);
    free_scene(&s);
}

static void test_begins_and_ends_at_once(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, TALK({2, 3, 9, 1}), NOBODY, 20, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 9, 3, 9);
    expect(&s, DIARIST_TURN_FINAL, 1, 9, 3, 9);
    free_scene(&s);
}

static void test_vanishes(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, NOBODY, TALK({0, 2, 10, 1}), 0, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 5, 2, 10);
    step(&s, NOBODY, NOBODY, 5, 2.0);
    diarist_event e = expect(&s, DIARIST_TURN_DROPPED, 1, 5, 2, 10);
    assert_true(e.at == 2.0);
    step(&s, NOBODY, TALK({0, 12, 14, 1}), 10, 3.0);
    expect(&s, DIARIST_TURN_START, 2, 5, 12, 14);
    step(&s, NOBODY, TALK({0, 15, 19, 1}), 12, 4.0); /* not a frame in common */
    expect(&s, DIARIST_TURN_DROPPED, 2, 5, 12, 14);
    expect(&s, DIARIST_TURN_START, 3, 5, 15, 19);
    finish(&s, 5.0);
    expect(&s, DIARIST_TURN_FINAL, 3, 5, 15, 19);
    free_scene(&s);
}

static void test_nothing_new(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, NOBODY, TALK({0, 2, 10, 0.5}), 0, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 5, 2, 10);
    step(&s, NOBODY, TALK({0, 2, 10, 0.7}), 0, 2.0);
    expect_nothing(&s);
    step(&s, NOBODY, TALK({0, 3, 10, 0.7}), 0, 3.0);
    expect(&s, DIARIST_TURN_UPDATE, 1, 5, 3, 10);
    finish(&s, 4.0);
    diarist_event e = expect(&s, DIARIST_TURN_FINAL, 1, 5, 3, 10);
    assert_true(e.at == 4.0 && fabsf(e.confidence - 0.7f) < 1e-6f);
    free_scene(&s);
}

/* All of it only seemed: the turn is the same, its speaker another. */
static void test_other_speaker(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, NOBODY, TALK({0, 2, 10, 1}), 0, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 5, 2, 10);
    step(&s, NOBODY, TALK({1, 2, 12, 1}), 0, 2.0);
    expect(&s, DIARIST_TURN_UPDATE, 1, 7, 2, 12);
    finish(&s, 3.0);
    expect(&s, DIARIST_TURN_FINAL, 1, 7, 2, 12);
    free_scene(&s);
}

/* What is settled stays: the other speaker's part is a turn of its own. */
static void test_other_speaker_after_settling(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, TALK({0, 4, 10, 1}), TALK({0, 10, 20, 1}), 10, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 5, 4, 20);
    step(&s, TALK({1, 10, 20, 1}), NOBODY, 20, 2.0);
    expect(&s, DIARIST_TURN_FINAL, 1, 5, 4, 10);
    expect(&s, DIARIST_TURN_START, 2, 7, 10, 20);
    finish(&s, 3.0);
    expect(&s, DIARIST_TURN_FINAL, 2, 7, 10, 20);
    free_scene(&s);
}

/* The turn of the same speaker goes before one with more in common. */
static void test_same_speaker_first(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, NOBODY, TALK({0, 0, 10, 1}, {1, 10, 20, 1}), 0, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 5, 0, 10);
    expect(&s, DIARIST_TURN_START, 2, 7, 10, 20);
    step(&s, NOBODY, TALK({1, 4, 12, 1}, {0, 12, 20, 1}), 0, 2.0);
    expect(&s, DIARIST_TURN_DROPPED, 1, 5, 0, 10);
    expect(&s, DIARIST_TURN_UPDATE, 2, 7, 4, 12);
    expect(&s, DIARIST_TURN_START, 3, 5, 12, 20);
    finish(&s, 3.0);
    expect(&s, DIARIST_TURN_FINAL, 2, 7, 4, 12);
    expect(&s, DIARIST_TURN_FINAL, 3, 5, 12, 20);
    free_scene(&s);
}

static void test_splits(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, NOBODY, TALK({0, 0, 20, 1}), 0, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 5, 0, 20);
    step(&s, NOBODY, TALK({0, 0, 8, 1}, {0, 12, 20, 1}), 0, 2.0);
    expect(&s, DIARIST_TURN_UPDATE, 1, 5, 0, 8);
    expect(&s, DIARIST_TURN_START, 2, 5, 12, 20);
    finish(&s, 3.0);
    expect(&s, DIARIST_TURN_FINAL, 1, 5, 0, 8);
    expect(&s, DIARIST_TURN_FINAL, 2, 5, 12, 20);
    free_scene(&s);
}

static void test_overlap(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s);
    step(&s, NOBODY, TALK({0, 0, 10, 1}, {1, 8, 15, 1}, {2, 15, 18, 1}), 0, 1.0);
    assert_int_equal(expect(&s, DIARIST_TURN_START, 1, 5, 0, 10).flags, DIARIST_TURN_OVERLAP);
    assert_int_equal(expect(&s, DIARIST_TURN_START, 2, 7, 8, 15).flags, DIARIST_TURN_OVERLAP);
    assert_int_equal(expect(&s, DIARIST_TURN_START, 3, 9, 15, 18).flags, 0);
    step(&s, NOBODY, TALK({0, 0, 8, 1}, {1, 8, 15, 1}, {2, 15, 18, 1}), 0, 2.0);
    assert_int_equal(expect(&s, DIARIST_TURN_UPDATE, 1, 5, 0, 8).flags, 0);
    assert_int_equal(expect(&s, DIARIST_TURN_UPDATE, 2, 7, 8, 15).flags, 0);
    finish(&s, 3.0);
    expect(&s, DIARIST_TURN_FINAL, 1, 5, 0, 8);
    expect(&s, DIARIST_TURN_FINAL, 2, 7, 8, 15);
    expect(&s, DIARIST_TURN_FINAL, 3, 9, 15, 18);
    free_scene(&s);
}

/* Speaker 7 was 5 all along: said once, and not said again of the turn that is open. */
static void test_merge(void **state) {
    (void)state;
    struct scene s;
    diarist_event e;
    make_scene(&s);
    step(&s, TALK({1, 2, 10, 1}), TALK({1, 10, 20, 1}), 10, 1.0);
    expect(&s, DIARIST_TURN_START, 1, 7, 2, 20);
    dr_live_turns_merge(&s.turns, 7, 5);
    assert_int_equal(dr_live_turns_next(&s.turns, &e), 0);
    assert_true(e.type == DIARIST_SPEAKER_MERGED && e.speaker == 7 && e.into == 5 && e.turn == 0);
    assert_true(e.start == 0 && e.end == 0 && e.seq == 2);
    step(&s, NOBODY, TALK({0, 10, 20, 1}), 10, 2.0);
    expect_nothing(&s);
    step(&s, TALK({0, 10, 15, 1}), NOBODY, 20, 3.0);
    expect(&s, DIARIST_TURN_FINAL, 1, 5, 2, 15);
    free_scene(&s);
}

/* Times do not pass the end of the audio. */
static void test_end_of_audio(void **state) {
    (void)state;
    struct scene s;
    diarist_event e;
    make_scene(&s);
    step(&s, NOBODY, TALK({0, 2, 10, 1}), 0, 0.18);
    assert_int_equal(dr_live_turns_next(&s.turns, &e), 0);
    assert_true(e.end == 0.18 && time_of(10) > 0.18);
    finish(&s, 0.185);
    assert_int_equal(dr_live_turns_next(&s.turns, &e), 0);
    assert_true(e.type == DIARIST_TURN_FINAL && e.end == 0.185);
    free_scene(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_at_the_edge),
        cmocka_unit_test(test_begins_and_ends_at_once),
        cmocka_unit_test(test_vanishes),
        cmocka_unit_test(test_nothing_new),
        cmocka_unit_test(test_other_speaker),
        cmocka_unit_test(test_other_speaker_after_settling),
        cmocka_unit_test(test_same_speaker_first),
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_end_of_audio),
    };
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
