/* test_live_queue.c - what waits to be heard and what waits to be sent, against plain arrays.
 * SPDX-License-Identifier: MIT */
#include "server/live_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add(struct server_events *events, uint64_t seq, size_t room, bool *lost) {
    char text[100];
    memset(text, 'a' + (int)(seq % 26), sizeof text);
    assert_int_equal(server_events_add(events, seq, text, sizeof text, room, lost), 0);
}

/* Takes all that is unsent: numbers first to last, in order. */
static void expect(struct server_events *events, uint64_t first, uint64_t last) {
    const struct server_event *event;
    for (uint64_t seq = first; seq <= last; seq++) {
        assert_non_null(event = server_events_next(events));
        assert_int_equal(event->seq, seq);
        assert_int_equal(event->size, 100);
        assert_int_equal(event->text[99], 'a' + (int)(seq % 26));
    }
    assert_null(server_events_next(events));
}

static void test_sent_again(void **state) {
    (void)state;
    struct server_events events = {0};
    bool lost = false;
    for (uint64_t seq = 1; seq <= 10; seq++)
        add(&events, seq, 1 << 20, &lost);
    expect(&events, 1, 10);
    for (uint64_t after = 0; after <= 10; after++) {
        assert_int_equal(server_events_rewind(&events, after), 0);
        expect(&events, after + 1, 10);
    }
    assert_int_equal(server_events_rewind(&events, 11), -1);
    assert_false(lost);
    server_events_clear(&events);
    assert_int_equal(events.size, 0);
}

static void test_forgotten(void **state) {
    (void)state;
    struct server_events events = {0};
    const size_t one = sizeof(struct server_event) + 100, room = 5 * one;
    bool lost = false;
    for (uint64_t seq = 1; seq <= 8; seq++) {
        add(&events, seq, room, &lost);
        expect(&events, seq, seq); /* each is sent as it comes: none is lost */
        assert_true(events.size <= room);
    }
    assert_false(lost);
    /* 4 to 8 are kept. */
    assert_int_equal(server_events_rewind(&events, 2), -1);
    assert_int_equal(server_events_rewind(&events, 3), 0);
    add(&events, 9, room, &lost);
    assert_true(lost);
    expect(&events, 5, 9);
    server_events_clear(&events);
}

/* One that is larger than all the room is kept alone. */
static void test_large(void **state) {
    (void)state;
    struct server_events events = {0};
    bool lost = false;
    add(&events, 1, 10, &lost);
    add(&events, 2, 10, &lost);
    assert_true(lost);
    expect(&events, 2, 2);
    server_events_clear(&events);
}

static void test_pieces(void **state) {
    (void)state;
    struct server_pieces pieces = {0};
    assert_null(server_pieces_take(&pieces));
    for (int round = 0; round < 2; round++) {
        assert_int_equal(server_pieces_add(&pieces, "abcd", 4, 2), 0);
        assert_int_equal(server_pieces_add(&pieces, NULL, 0, 70), 0);
        assert_int_equal(server_pieces_add(&pieces, "ef", 2, 1), 0);
        assert_int_equal(pieces.num, 73);
        assert_int_equal(pieces.size, 3 * sizeof(struct server_piece) + 6);
        struct server_piece *piece = server_pieces_take(&pieces);
        assert_int_equal(piece->size, 4);
        assert_memory_equal(piece->bytes, "abcd", 4);
        free(piece);
        piece = server_pieces_take(&pieces);
        assert_int_equal(piece->size, 0);
        assert_int_equal(piece->num, 70);
        free(piece);
        if (round)
            server_pieces_clear(&pieces);
        else
            free(server_pieces_take(&pieces));
        assert_int_equal(pieces.size, 0);
        assert_int_equal(pieces.num, 0);
        assert_null(server_pieces_take(&pieces));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sent_again),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
