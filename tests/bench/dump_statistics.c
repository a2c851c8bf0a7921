/* dump_statistics.c - what bench/statistics.c says of numbers on standard input.
 * SPDX-License-Identifier: MIT
 *
 * "summary N v1 ... vN" -> num mean median p95 std
 * "bootstrap N a1 b1 scored1 ..." -> num_files difference low high a_better equal */
#include "bench/statistics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double *read_numbers(size_t num) {
    double *numbers = malloc((num + 1) * sizeof *numbers);
    for (size_t i = 0; numbers && i < num; i++)
        if (scanf("%lf", &numbers[i]) != 1)
            exit(2);
    return numbers;
}

static void summarize(size_t num) {
    struct bench_summary summary;
    double *values = read_numbers(num);
    bench_summarize(&summary, values, num);
    printf("%zu %.17g %.17g %.17g %.17g\n", summary.num, summary.mean, summary.median, summary.p95,
           summary.std);
    free(values);
}

static int bootstrap(size_t num) {
    struct bench_difference out;
    double *values = read_numbers(3 * num);
    struct bench_pair *pairs = malloc((num + 1) * sizeof *pairs);
    for (size_t i = 0; pairs && i < num; i++)
        pairs[i] = (struct bench_pair){values[3 * i], values[3 * i + 1], values[3 * i + 2]};
    int status = bench_bootstrap(&out, pairs, num, NULL);
    printf("%zu %.17g %.17g %.17g %.17g %.17g\n", out.num_files, out.difference, out.low, out.high,
           out.a_better, out.equal);
    free(pairs);
    free(values);
    return status;
}

int main(void) {
    char what[16];
    size_t num;
    int status = 0;
    while (!status && scanf("%15s %zu", what, &num) == 2) {
        if (!strcmp(what, "summary"))
            summarize(num);
        else
            status = bootstrap(num);
    }
    return status ? 1 : 0;
}
