/* bench.c - rows of checkkern --bench: ns, GFLOP/s, speed-up over portable C, share of the peak.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "checkkern.h"

#define BURSTS 12
#define BURST_S 4e-3

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best burst: whatever else runs on the machine can only slow one down. */
static double best_seconds(void (*run)(void *), void *argument) {
    size_t repeats = 1;
    double best = 0.0;
    for (int burst = 0; burst < BURSTS;) {
        const double start = seconds();
        for (size_t i = 0; i < repeats; i++)
            run(argument);
        const double elapsed = seconds() - start;
        if (elapsed < BURST_S && burst == 0) {
            repeats *= 2;
            continue;
        }
        if (burst == 0 || elapsed / (double)repeats < best)
            best = elapsed / (double)repeats;
        burst++;
    }
    return best;
}

#if defined(__x86_64__)
#define FMA(width, n) "vfmadd231ps %%" width "15, %%" width "14, %%" width n "\n"
#define FMA_12(w) \
    FMA(w, "0")   \
    FMA(w, "1")   \
    FMA(w, "2")   \
    FMA(w, "3")   \
    FMA(w, "4")   \
    FMA(w, "5") FMA(w, "6") FMA(w, "7") FMA(w, "8") FMA(w, "9") FMA(w, "10") FMA(w, "11")
#define FMA_LOOP(name, width)                                                                     \
    static void name(void *steps) {                                                               \
        long n = *(long *)steps;                                                                  \
        __asm__ volatile("vzeroall\n 1:\n" FMA_12(width) "dec %0\n jnz 1b\n vzeroupper"           \
                         : "+r"(n)                                                                \
                         :                                                                        \
                         : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",  \
                           "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"); \
    }
FMA_LOOP(fma_ymm, "ymm")
FMA_LOOP(fma_zmm, "zmm")

/* FMA peak of one core, GFLOP/s, in vectors of an instruction set; 0 where it is not measured. */
static double fma_peak(const char *instruction_set) {
    long steps = 10000;
    if (!strcmp(instruction_set, "avx2"))
        return 1e-9 * 12 * 2 * 8 * (double)steps / best_seconds(fma_ymm, &steps);
    if (!strcmp(instruction_set, "avx512"))
        return 1e-9 * 12 * 2 * 16 * (double)steps / best_seconds(fma_zmm, &steps);
    return 0.0;
}
#elif defined(__aarch64__)
#define FMA(n) "fmla v" #n ".4s, v31.4s, v31.4s\n"
static void fma_quad(void *steps) {
    long n = *(long *)steps;
    __asm__ volatile("movi v31.4s, #0\n 1:\n" FMA(0) FMA(1) FMA(2) FMA(3) FMA(4) FMA(5) FMA(6)
                         FMA(7) FMA(16) FMA(17) FMA(18) FMA(19) FMA(20) FMA(21) FMA(22)
                             FMA(23) "subs %0, %0, #1\n b.ne 1b"
                     : "+r"(n)
                     :
                     : "cc", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18",
                       "v19", "v20", "v21", "v22", "v23", "v31");
}

/* The same for NEON. */
static double fma_peak(const char *instruction_set) {
    long steps = 10000;
    if (strcmp(instruction_set, "neon"))
        return 0.0;
    return 1e-9 * 16 * 2 * 4 * (double)steps / best_seconds(fma_quad, &steps);
}
#else
static double fma_peak(const char *instruction_set) {
    (void)instruction_set;
    return 0.0;
}
#endif

void bench_row(const struct check *t, const char *slot, const char *shape, double flops,
               void (*run)(void *), void *argument) {
    /* Measured beside each row: the clock of a shared processor moves. */
    const double peak = flops > 0.0 ? fma_peak(t->k.instruction_set) : 0.0;
    struct bench_call call = {&t->k, argument}, portable = {&t->c, argument};
    const double s = best_seconds(run, &call);
    const double speedup = best_seconds(run, &portable) / s;
    printf("%-8s %-20s %-30s %12.0f", t->k.instruction_set, slot, shape, 1e9 * s);
    if (flops > 0.0)
        printf(" %9.1f", 1e-9 * flops / s);
    else
        printf(" %9s", "-");
    printf(" %8.2f", speedup);
    if (peak > 0.0)
        printf(" %6.1f %%\n", 1e-7 * flops / s / peak);
    else
        printf(" %8s\n", "-");
}
