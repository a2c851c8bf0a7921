/* libarchive.c - libarchive, loaded when the first archive is opened.
 * SPDX-License-Identifier: MIT */
#include "libarchive.h"

#include "common/library.h"

#include <pthread.h>

#define SONAME "libarchive.so.13"

COMMON_LIBRARY_NOTE(SONAME, "archives");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct bench_archive_library functions;
static diarist_error problem;

static void load(void) {
#define NAME(name) "archive_" #name,
    static const char *const names[] = {BENCH_ARCHIVE_FUNCTIONS(NAME)};
#undef NAME
    _Static_assert(sizeof functions / sizeof(void *) == sizeof names / sizeof *names, "each");
    common_library_load(&functions, names, sizeof names / sizeof *names, SONAME, &problem);
}

const struct bench_archive_library *bench_archive_library(diarist_error *err) {
    pthread_once(&once, load);
    if (!problem.status)
        return &functions;
    *err = problem;
    return NULL;
}
