/* statistics.c - what many figures say together.
 * SPDX-License-Identifier: MIT */
#include "statistics.h"

#include "common/fail.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* At share in [0, 1] of num > 0 sorted values. */
static double percentile(const double *sorted, size_t num, double share) {
    double at = share * (double)(num - 1);
    size_t below = (size_t)at;
    if (below + 1 >= num)
        return sorted[num - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

void bench_summarize(struct bench_summary *out, double *values, size_t num) {
    size_t kept = 0;
    double sum = 0, squares = 0;
    *out = (struct bench_summary){.mean = NAN, .median = NAN, .p95 = NAN, .std = NAN};
    for (size_t i = 0; i < num; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    out->num = kept;
    if (!kept)
        return;
    qsort(values, kept, sizeof *values, compare);
    for (size_t i = 0; i < kept; i++)
        sum += values[i];
    out->mean = sum / (double)kept;
    out->median = percentile(values, kept, 0.5);
    out->p95 = percentile(values, kept, 0.95);
    for (size_t i = 0; i < kept; i++)
        squares += (values[i] - out->mean) * (values[i] - out->mean);
    if (kept > 1)
        out->std = sqrt(squares / (double)(kept - 1));
}

/* Sebastiano Vigna's splitmix64 (public domain). */
static uint64_t draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static struct bench_pair resample(const struct bench_pair *pairs, size_t num, uint64_t *state) {
    struct bench_pair sum;
    do {
        sum = (struct bench_pair){0};
        for (size_t i = 0; i < num; i++) {
            const struct bench_pair *pair = &pairs[(draw(state) >> 32) * num >> 32];
            sum.a += pair->a;
            sum.b += pair->b;
            sum.scored += pair->scored;
        }
    } while (!(sum.scored > 0));
    return sum;
}

int bench_bootstrap(struct bench_difference *out, const struct bench_pair *pairs, size_t num,
                    diarist_error *err) {
    struct bench_pair sum = {0};
    size_t better = 0, equal = 0;
    uint64_t state = BENCH_SEED;
    *out = (struct bench_difference){num, NAN, NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < num; i++) {
        sum.a += pairs[i].a;
        sum.b += pairs[i].b;
        sum.scored += pairs[i].scored;
    }
    if (!(sum.scored > 0))
        return DIARIST_OK;
    out->difference = (sum.a - sum.b) / sum.scored;
    if (num < 2)
        return DIARIST_OK;
    double *differences = malloc(BENCH_RESAMPLES * sizeof *differences);
    if (!differences)
        return common_fail_memory(err);
    for (size_t r = 0; r < BENCH_RESAMPLES; r++) {
        struct bench_pair drawn = resample(pairs, num, &state);
        differences[r] = (drawn.a - drawn.b) / drawn.scored;
        better += drawn.a < drawn.b;
        equal += !(drawn.a < drawn.b) && !(drawn.a > drawn.b);
    }
    qsort(differences, BENCH_RESAMPLES, sizeof *differences, compare);
    out->low = percentile(differences, BENCH_RESAMPLES, (1 - BENCH_INTERVAL) / 2);
    out->high = percentile(differences, BENCH_RESAMPLES, (1 + BENCH_INTERVAL) / 2);
    out->a_better = (double)better / BENCH_RESAMPLES;
    out->equal = (double)equal / BENCH_RESAMPLES;
    free(differences);
    return DIARIST_OK;
}
