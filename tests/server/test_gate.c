/* test_gate.c - the gate: together, or alone, and nobody waits for ever.
 * SPDX-License-Identifier: MIT */
#include "server/gate.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

enum { NUM_THREADS = 8, NUM_ALONE = 2, TIMES = 300 };

static struct server_gate gate;
static atomic_int together, alone, most_together, wrong;

static void pause_us(long us) {
    const struct timespec moment = {.tv_nsec = us * 1000};
    nanosleep(&moment, NULL);
}

static void *visit(void *data) {
    bool is_alone = *(const bool *)data;
    for (int i = 0; i < TIMES; i++) {
        server_gate_enter(&gate, is_alone);
        atomic_int *mine = is_alone ? &alone : &together;
        int num = atomic_fetch_add(mine, 1) + 1;
        if (atomic_load(&alone) > 1 || (atomic_load(&alone) && atomic_load(&together)))
            atomic_fetch_add(&wrong, 1);
        if (!is_alone && num > atomic_load(&most_together))
            atomic_store(&most_together, num);
        pause_us(is_alone ? 20 : 100);
        atomic_fetch_sub(mine, 1);
        server_gate_leave(&gate);
    }
    return NULL;
}

/* Who is alone is alone; others are inside together; all of them get through. */
static void test_visits(void **state) {
    static const bool kinds[] = {false, true};
    pthread_t threads[NUM_THREADS];
    (void)state;
    server_gate_init(&gate);
    for (int i = 0; i < NUM_THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, visit, (void *)(uintptr_t)&kinds[i < NUM_ALONE]), 0);
    for (int i = 0; i < NUM_THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_true(atomic_load(&most_together) > 1);
    server_gate_destroy(&gate);
}

static atomic_int order;
struct guest {
    bool is_alone;
    int place; /* when it came in, from 1 */
};

static void *arrive(void *data) {
    struct guest *guest = data;
    server_gate_enter(&gate, guest->is_alone);
    guest->place = atomic_fetch_add(&order, 1) + 1;
    server_gate_leave(&gate);
    return NULL;
}

/* While one is inside, others come in the order in which they have stood there: nobody overtakes.
 */
static void test_order(void **state) {
    struct guest guests[] = {{true, 0}, {false, 0}, {true, 0}, {false, 0}};
    enum { NUM_GUESTS = sizeof guests / sizeof *guests };
    pthread_t threads[NUM_GUESTS];
    (void)state;
    server_gate_init(&gate);
    server_gate_enter(&gate, false);
    for (int i = 0; i < NUM_GUESTS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, arrive, &guests[i]), 0);
        for (bool stands = false; !stands; pause_us(500)) {
            pthread_mutex_lock(&gate.lock);
            stands = gate.tickets == (uint64_t)i + 2;
            pthread_mutex_unlock(&gate.lock);
        }
    }
    assert_int_equal(atomic_load(&order), 0);
    server_gate_leave(&gate);
    for (int i = 0; i < NUM_GUESTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(guests[i].place, i + 1);
    }
    server_gate_destroy(&gate);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_visits), cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
