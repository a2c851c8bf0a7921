/* checkkern.c - holds every body of every kernel to its formula in double.
 * SPDX-License-Identifier: MIT
 *
 *     checkkern            for each instruction set that this processor has: every slot's check
 *     checkkern --bench    the same, then a row per shape that the networks use
 *
 * After checkasm of dav1d. Inputs and outputs lie against pages that cannot be touched: a body that
 * reads or writes one element too many dies there, and is reported by name. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cpu.h"
#include "checkkern.h"
#include "diarist/diarist.h"

#define MAX_REGIONS 64
#define MAX_PRINTED 5 /* failures of one check */

static struct {
    const char *set, *slot;
    int passed, failed, printed;
} now;

static struct {
    void *address[MAX_REGIONS];
    size_t bytes[MAX_REGIONS];
    int num;
} regions;

static sigjmp_buf recover;

void expect(bool ok, const char *format, ...) {
    if (ok) {
        now.passed++;
        return;
    }
    now.failed++;
    if (now.printed++ >= MAX_PRINTED)
        return;
    va_list args;
    va_start(args, format);
    printf("%s %s: ", now.set, now.slot);
    vprintf(format, args);
    printf("\n");
    va_end(args);
}

/* ---- memory ---- */

static size_t round_to_pages(size_t bytes) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

void *guarded(size_t bytes, enum placement placement) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t inside = round_to_pages(bytes + sizeof(float));
    unsigned char *p = mmap(NULL, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || regions.num == MAX_REGIONS ||
        mprotect(p + page, inside, PROT_READ | PROT_WRITE)) {
        fprintf(stderr, "checkkern: no memory\n");
        exit(2);
    }
    regions.address[regions.num] = p;
    regions.bytes[regions.num++] = inside + 2 * page;
    p += page;
    return placement == AT_END ? p + inside - bytes : placement == AT_START ? p : p + sizeof(float);
}

float *guarded_floats(size_t n, enum placement placement) {
    return guarded(n * sizeof(float), placement);
}

void release_all(void) {
    while (regions.num) {
        regions.num--;
        munmap(regions.address[regions.num], regions.bytes[regions.num]);
    }
}

size_t last_element(size_t rows, ptrdiff_t stride, size_t width) {
    return (rows - 1) * (size_t)stride + width;
}

/* ---- data ---- */

static float random_value(enum data data) {
    const double u = uniform();
    switch (data) {
    case ZEROS:
        return 0.0f;
    case DENORMALS:
        return (float)(u * 1e-39);
    case LARGE:
        return (float)(u * 1e15);
    case MIXED: {
        static const enum data kinds[] = {UNIFORM, ZEROS, DENORMALS};
        return random_value(kinds[(size_t)((u + 1.0) * 1.49)]);
    }
    default:
        return (float)u;
    }
}

float *random_floats(size_t n, enum data data, enum placement placement) {
    float *x = guarded_floats(n, placement);
    for (size_t i = 0; i < n; i++)
        x[i] = random_value(data);
    return x;
}

float *copy_floats(const float *x, size_t n, enum placement placement) {
    return memcpy(guarded_floats(n, placement), x, n * sizeof(float));
}

void each_shape(const struct check *t, void (*check)(const struct check *t, size_t m, size_t n,
                                                     enum data data, enum placement place)) {
    static const size_t widths[] = {1, 3, 8, 15, 16, 17, 31, 32, 60, 64, 80, 129};
    static const size_t heights[] = {1, 2, 5, 37};
    unsigned turn = 0;
    for (size_t i = 0; i < COUNT(heights); i++)
        for (size_t j = 0; j < COUNT(widths); j++)
            for (int place = 0; place < NUM_PLACEMENTS; place++, turn++) {
                check(t, heights[i], widths[j], (enum data)(turn % NUM_DATA),
                      (enum placement)place);
                release_all();
            }
}

bool nmse_below(const struct nmse *e, double bound) {
    /* A sum of 1000 denormal products is off by up to 1000 times their spacing, 1.4e-45. */
    return e->error <= bound * e->power + 1e-80;
}

/* ---- the run ---- */

static void caught(int signal_number) {
    siglongjmp(recover, signal_number);
}

static void catch_signals(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    struct sigaction action = {.sa_handler = caught};
    for (size_t i = 0; i < COUNT(signals); i++)
        sigaction(signals[i], &action, NULL);
}

static void run_check(const struct check *t, const char *slot,
                      void (*check)(const struct check *)) {
    now.set = t->k.instruction_set;
    now.slot = slot;
    now.printed = 0;
    const int signal_number = sigsetjmp(recover, 1);
    if (signal_number == 0)
        check(t);
    else
        expect(false,
               "%s: it touched memory outside its arguments, or used an instruction that "
               "this processor does not have",
               strsignal(signal_number));
    release_all();
}

static void run_bench(const struct check *t) {
    printf("\n%-8s %-20s %-30s %12s %9s %8s %8s\n", "set", "kernel", "shape", "ns", "GFLOP/s",
           "x C", "of peak");
#define BENCH(slot, args) \
    bench_##slot(t);      \
    release_all();
    DR_KERNELS(BENCH)
#undef BENCH
}

int main(int argc, char **argv) {
    static const int masks[] = {DIARIST_CPU_GENERIC, DIARIST_CPU_AVX2,
                                DIARIST_CPU_AVX2 | DIARIST_CPU_AVX512, DIARIST_CPU_NEON};
    const bool bench = argc == 2 && !strcmp(argv[1], "--bench");
    if (argc > 1 && !bench) {
        fprintf(stderr, "usage: checkkern [--bench]\n");
        return 2;
    }
    catch_signals();
    for (size_t i = 0; i < COUNT(masks); i++) {
        const int flags = dr_cpu_flags(masks[i]);
        struct check t = {0};
        if (flags != masks[i])
            continue;
        dr_kernels_init(&t.c, DIARIST_CPU_GENERIC);
        dr_kernels_init(&t.k, flags);
        const int before = now.passed;
#define CHECK(slot, args) run_check(&t, #slot, check_##slot);
        DR_KERNELS(CHECK)
#undef CHECK
        if (i == 0)
            run_check(&t, "packing", check_packing);
        printf("%s: %d passed\n", t.k.instruction_set, now.passed - before);
        if (bench)
            run_bench(&t);
    }
    printf("%d passed, %d failed\n", now.passed, now.failed);
    return now.failed ? 1 : 0;
}
