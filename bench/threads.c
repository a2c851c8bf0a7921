/* threads.c - what a measured program may use.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "threads.h"

#include "text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const bench_thread_variables[] = {"OMP_NUM_THREADS",
                                              "MKL_NUM_THREADS",
                                              "OPENBLAS_NUM_THREADS",
                                              "BLIS_NUM_THREADS",
                                              "NUMEXPR_NUM_THREADS",
                                              "NUMBA_NUM_THREADS",
                                              "VECLIB_MAXIMUM_THREADS",
                                              "RAYON_NUM_THREADS",
                                              "GOMAXPROCS",
                                              NULL};

static const char *const passed_on[] = {
    "PATH", "HOME", "USER", "TMPDIR", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", NULL};
static const char *const fixed[] = {"LANG=C.UTF-8", "LC_ALL=C.UTF-8",
                                    "CUDA_VISIBLE_DEVICES=", "PYTHONNOUSERSITE=1", NULL};

int32_t bench_threads_available(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

/* Whether the kernel lists another processor of the same core with a smaller number. */
static bool is_second_of_core(int processor) {
    char path[96], list[64] = "";
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
             processor);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool known = fgets(list, sizeof list, file);
    fclose(file);
    return known && strtol(list, NULL, 10) < processor;
}

void bench_threads_choose(cpu_set_t *set, int *chosen, int32_t num) {
    cpu_set_t own;
    int32_t n = 0;
    CPU_ZERO(set);
    if (sched_getaffinity(0, sizeof own, &own)) {
        CPU_ZERO(&own);
        CPU_SET(0, &own);
    }
    for (int second = 0; second < 2; second++) {
        for (int cpu = 0; cpu < CPU_SETSIZE && n < num; cpu++) {
            if (CPU_ISSET(cpu, &own) && is_second_of_core(cpu) == (second == 1)) {
                CPU_SET(cpu, set);
                chosen[n++] = cpu;
            }
        }
    }
}

static size_t count(const char *const *names) {
    size_t n = 0;
    while (names && names[n])
        n++;
    return n;
}

/* Adds NAME=value of this program's own environment where it has it. */
static void pass_on(char **out, size_t *n, const char *const *names) {
    for (size_t i = 0; names && names[i]; i++) {
        const char *value = getenv(names[i]);
        if (value)
            out[(*n)++] = bench_text_of("%s=%s", names[i], value);
    }
}

char **bench_environment_new(int32_t num_threads, const char *const *also) {
    size_t room = count(passed_on) + count(also) + count(fixed) + count(bench_thread_variables) + 1;
    char **out = calloc(room, sizeof *out);
    size_t n = 0;
    if (!out)
        return NULL;
    pass_on(out, &n, passed_on);
    pass_on(out, &n, also);
    for (size_t i = 0; fixed[i]; i++)
        out[n++] = bench_text_of("%s", fixed[i]);
    for (size_t i = 0; bench_thread_variables[i]; i++)
        out[n++] = bench_text_of("%s=%d", bench_thread_variables[i], num_threads);
    for (size_t i = 0; i < n; i++) {
        if (!out[i]) {
            for (size_t k = i + 1; k < n; k++)
                free(out[k]);
            bench_environment_free(out);
            return NULL;
        }
    }
    return out;
}

void bench_environment_free(char **environment) {
    for (size_t i = 0; environment && environment[i]; i++)
        free(environment[i]);
    free(environment);
}
