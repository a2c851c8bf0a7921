/* allocations.c - lets an allocation or the start of a thread fail: the linker sends every call
 * here
 * (--wrap). SPDX-License-Identifier: MIT */
#include "allocations.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

static long fail_at = -1; /* allocations to go until one fails; < 0: never */

void fail_allocation(long number) {
    __atomic_store_n(&fail_at, number, __ATOMIC_RELAXED);
}

long stop_failing(void) {
    return __atomic_exchange_n(&fail_at, -1, __ATOMIC_RELAXED);
}

static int fails(void) {
    if (__atomic_load_n(&fail_at, __ATOMIC_RELAXED) < 0)
        return 0;
    return __atomic_fetch_sub(&fail_at, 1, __ATOMIC_RELAXED) == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
int __real_posix_memalign(void **p, size_t align, size_t size);
int __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x);

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *p, size_t size) {
    return fails() ? NULL : __real_realloc(p, size);
}
int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    return fails() ? ENOMEM : __real_posix_memalign(p, align, size);
}
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x) {
    return fails() ? EAGAIN : __real_pthread_create(t, a, f, x);
}
