/* peak.c - what a machine that others use gives, beside what it can do.
 * SPDX-License-Identifier: MIT
 *
 * usage: time_peak SECONDS THREADS
 *
 * For SECONDS of CPU time on each of THREADS threads, in turns: the multiply-adds of the products'
 * inner loops, out of registers alone; and a product of a dense layer as the engine does it, over
 * and over with the same numbers, which lie in the core's own caches. G multiply-adds a second: of
 * the best burst by the wall clock, and of all together by the threads' CPU time. The same
 * instructions on the same numbers are slower at one time than at another only for who else uses
 * the core, and for its clock: so all over best is the share of its peak that a program can have
 * here, whatever the order of its work. AVX2 only. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cpu.h"
#include "diarist/diarist.h"
#include "kernels/kernels.h"

enum { STEPS = 10000, VALUES_FLOAT = 8, VALUES_INT16 = 16 }; /* of a burst out of registers */
enum { ROWS = 54, DEPTH = 300, COLUMNS = 128 };              /* of the product */
enum { FLOAT, INT16, FLOAT_PRODUCT, INT16_PRODUCT, KINDS };
enum { MAX_THREADS = 64 };

static const char *const names[KINDS] = {"float, registers", "16 bits, registers", "float, product",
                                         "16 bits, product"};

/* Arrays begin with a line of the cache, as the engine's do. */
#define LINE _Alignas(64)
struct product {
    LINE float a[ROWS * DEPTH];
    LINE float b[COLUMNS * DEPTH];
    LINE float c[ROWS * COLUMNS];
    LINE float column_scale[COLUMNS];
    LINE int16_t a16[ROWS * DEPTH];
    LINE int16_t b16[COLUMNS * DEPTH];
    struct dr_kernels kernels;
};

struct tally {
    double best, seconds, multiply_adds; /* of a kind: the best rate, and sums */
};

struct task {
    pthread_t thread;
    struct product *product;
    double seconds; /* to run, of CPU time */
    struct tally tally[KINDS];
};

static double now(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__x86_64__)
#define REGISTERS                                                                                  \
    "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
        "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define FMA(n) "vfmadd231ps %%ymm15, %%ymm14, %%ymm" #n "\n"
#define TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define MADD(product, n)                             \
    "vpmaddwd %%ymm15, %%ymm14, %%ymm" #product "\n" \
    "vpaddd %%ymm" #product ", %%ymm" #n ", %%ymm" #n "\n"

/* Multiply-adds done. */
static double fma_burst(void) {
    long n = STEPS;
    __asm__ volatile("vzeroall\n 1:\n" TWELVE(FMA) "dec %0\n jnz 1b\n vzeroupper"
                     : "+r"(n)::REGISTERS);
    return 12.0 * STEPS * VALUES_FLOAT;
}

static double madd_burst(void) {
    long n = STEPS;
    __asm__ volatile("vzeroall\n 1:\n" MADD(12, 0) MADD(13, 1) MADD(12, 2) MADD(13, 3) MADD(12, 4)
                         MADD(13, 5) MADD(12, 6) MADD(13, 7) MADD(12, 8) MADD(13, 9) MADD(12, 10)
                             MADD(13, 11) "dec %0\n jnz 1b\n vzeroupper"
                     : "+r"(n)::REGISTERS);
    return 12.0 * STEPS * VALUES_INT16;
}

static int is_supported(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
static double fma_burst(void) {
    return 0.0;
}

static double madd_burst(void) {
    return 0.0;
}

static int is_supported(void) {
    return 0;
}
#endif

static double run_product(struct product *p) {
    const struct dr_gemm g = {.a = p->a,
                              .lda = DEPTH,
                              .taps = 1,
                              .depth = DEPTH,
                              .b = p->b,
                              .c = p->c,
                              .ldc = COLUMNS,
                              .m = ROWS,
                              .n = COLUMNS};
    p->kernels.gemm(&g);
    return (double)ROWS * DEPTH * COLUMNS;
}

static double run_product16(struct product *p) {
    const struct dr_gemm16 g = {.a = p->a16,
                                .lda = DEPTH,
                                .taps = 1,
                                .exact_taps = 1,
                                .depth = DEPTH,
                                .b = p->b16,
                                .scale = 1.0f,
                                .column_scale = p->column_scale,
                                .c = p->c,
                                .ldc = COLUMNS,
                                .m = ROWS,
                                .n = COLUMNS};
    p->kernels.gemm16(&g);
    return (double)ROWS * DEPTH * COLUMNS;
}

static double burst(int kind, struct product *product) {
    switch (kind) {
    case FLOAT:
        return fma_burst();
    case INT16:
        return madd_burst();
    case FLOAT_PRODUCT:
        return run_product(product);
    default:
        return run_product16(product);
    }
}

static void *work(void *argument) {
    struct task *task = argument;
    const double until = now(CLOCK_THREAD_CPUTIME_ID) + task->seconds;
    double cpu = until - task->seconds;
    for (int kind = 0; cpu < until; kind = (kind + 1) % KINDS) {
        struct tally *tally = &task->tally[kind];
        const double wall = now(CLOCK_MONOTONIC), cpu_start = cpu;
        const double done = burst(kind, task->product), rate = done / (now(CLOCK_MONOTONIC) - wall);
        cpu = now(CLOCK_THREAD_CPUTIME_ID);
        tally->best = rate > tally->best ? rate : tally->best;
        tally->multiply_adds += done;
        tally->seconds += cpu - cpu_start;
    }
    return NULL;
}

static void print(int kind, const struct task *tasks, int num) {
    double best = 0.0, mean = 0.0;
    for (int i = 0; i < num; i++) {
        const struct tally *tally = &tasks[i].tally[kind];
        best = tally->best > best ? tally->best : best;
        mean += tally->multiply_adds / tally->seconds / num;
    }
    printf("%-18s best %5.1f  all %5.1f G multiply-adds/s a thread: %.0f %%\n", names[kind],
           1e-9 * best, 1e-9 * mean, 100.0 * mean / best);
}

int main(int argc, char **argv) {
    static struct task tasks[MAX_THREADS];
    const int num = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0;
    if (num < 1 || num > MAX_THREADS)
        return fprintf(stderr, "usage: time_peak SECONDS THREADS\n"), 2;
    if (!is_supported())
        return fprintf(stderr, "time_peak: needs AVX2 and FMA\n"), 1;
    for (int i = 0; i < num; i++) {
        tasks[i].seconds = strtod(argv[1], NULL);
        tasks[i].product = aligned_alloc(64, sizeof *tasks[i].product);
        if (!tasks[i].product)
            return fprintf(stderr, "time_peak: no memory\n"), 1;
        memset(tasks[i].product, 0, sizeof *tasks[i].product);
        dr_kernels_init(&tasks[i].product->kernels, dr_cpu_flags(DIARIST_CPU_ALL));
        if (pthread_create(&tasks[i].thread, NULL, work, &tasks[i]))
            return fprintf(stderr, "time_peak: no thread\n"), 1;
    }
    for (int i = 0; i < num; i++)
        pthread_join(tasks[i].thread, NULL);
    for (int kind = 0; kind < KINDS; kind++)
        print(kind, tasks, num);
    for (int i = 0; i < num; i++)
        free(tasks[i].product);
    return 0;
}
