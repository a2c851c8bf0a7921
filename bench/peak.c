/* peak.c - what a machine that others use gives, beside what it can do.
 * SPDX-License-Identifier: MIT
 *
 * usage: time_peak SECONDS THREADS
 *
 * The multiply-adds of the products' inner loops, out of registers alone, for SECONDS of CPU time
 * on each of THREADS threads, in bursts of 50 us, floats and 16 bits in turns; G multiply-adds a
 * second of a thread's CPU time: the best burst, and all together. Only who else uses the core, and
 * the core's clock, make a burst slow: all over best is the share of the peak that a program can
 * have here, whatever the order of its work. AVX2 only. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { KINDS = 2, STEPS = 10000, MAX_THREADS = 64, VALUES_FLOAT = 8, VALUES_INT16 = 16 };

struct tally {
    double best, seconds, multiply_adds; /* of a kind: the best rate, and sums */
};

struct task {
    pthread_t thread;
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
static double burst(int kind) {
    long n = STEPS;
    if (kind == 0) {
        __asm__ volatile("vzeroall\n 1:\n" TWELVE(FMA) "dec %0\n jnz 1b\n vzeroupper"
                         : "+r"(n)::REGISTERS);
        return 12.0 * STEPS * VALUES_FLOAT;
    }
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
static double burst(int kind) {
    return (double)kind;
}

static int is_supported(void) {
    return 0;
}
#endif

static void *work(void *argument) {
    struct task *task = argument;
    const double until = now(CLOCK_THREAD_CPUTIME_ID) + task->seconds;
    double cpu = until - task->seconds;
    for (int kind = 0; cpu < until; kind = (kind + 1) % KINDS) {
        struct tally *tally = &task->tally[kind];
        const double wall = now(CLOCK_MONOTONIC), cpu_start = cpu;
        const double done = burst(kind), rate = done / (now(CLOCK_MONOTONIC) - wall);
        cpu = now(CLOCK_THREAD_CPUTIME_ID);
        tally->best = rate > tally->best ? rate : tally->best;
        tally->multiply_adds += done;
        tally->seconds += cpu - cpu_start;
    }
    return NULL;
}

static void print(const char *name, int kind, const struct task *tasks, int num) {
    double best = 0.0, mean = 0.0;
    for (int i = 0; i < num; i++) {
        const struct tally *tally = &tasks[i].tally[kind];
        best = tally->best > best ? tally->best : best;
        mean += tally->multiply_adds / tally->seconds / num;
    }
    printf("%-8s best %6.1f  all %6.1f G multiply-adds/s a thread: %.0f %%\n", name, 1e-9 * best,
           1e-9 * mean, 100.0 * mean / best);
}

int main(int argc, char **argv) {
    static struct task tasks[MAX_THREADS];
    const int num = argc == 3 ? atoi(argv[2]) : 0;
    if (num < 1 || num > MAX_THREADS)
        return fprintf(stderr, "usage: time_peak SECONDS THREADS\n"), 2;
    if (!is_supported())
        return fprintf(stderr, "time_peak: needs AVX2 and FMA\n"), 1;
    for (int i = 0; i < num; i++) {
        tasks[i].seconds = atof(argv[1]);
        if (pthread_create(&tasks[i].thread, NULL, work, &tasks[i]))
            return fprintf(stderr, "time_peak: no thread\n"), 1;
    }
    for (int i = 0; i < num; i++)
        pthread_join(tasks[i].thread, NULL);
    print("float", 0, tasks, num);
    print("16 bits", 1, tasks, num);
    return 0;
}
