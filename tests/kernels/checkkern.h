/* checkkern.h - what the checks of all kernels share.
 * SPDX-License-Identifier: MIT
 * DR_KERNELS makes the list of checks: a slot without check_<slot> and bench_<slot> does not link.
 */
#ifndef TESTS_KERNELS_CHECKKERN_H
#define TESTS_KERNELS_CHECKKERN_H

#include <stdbool.h>
#include <stddef.h>

#include "../uniform.h"
#include "kernels/kernels.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define GAP 3 /* elements between the rows of an output; they must stay as they are */

/* One instruction set under test. */
struct check {
    struct dr_kernels k;
    struct dr_kernels c; /* the portable bodies */
};

#define CHECK_DECLARE(slot, args)             \
    void check_##slot(const struct check *t); \
    void bench_##slot(const struct check *t);
DR_KERNELS(CHECK_DECLARE)
#undef CHECK_DECLARE

/* dr_pack_panels, dr_pack_lstm, dr_lstm_gate_column. */
void check_packing(const struct check *t);

/* Counts one comparison; the first failures are printed. */
void expect(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- memory that ends, or begins, at a page that cannot be touched ---- */

enum placement { AT_END, AT_START, ONE_FLOAT_IN, NUM_PLACEMENTS };

/* Zeroed. Freed by release_all, which the driver calls after each check. */
void *guarded(size_t bytes, enum placement placement);
float *guarded_floats(size_t n, enum placement placement);
void release_all(void);

/* Elements from the first of so many rows to the last. */
size_t last_element(size_t rows, ptrdiff_t stride, size_t width);

/* ---- data ---- */

enum data { UNIFORM /* -1..1 */, ZEROS, DENORMALS, LARGE /* 1e15 */, MIXED, NUM_DATA };

float *random_floats(size_t n, enum data data, enum placement placement);
float *copy_floats(const float *x, size_t n, enum placement placement);

/* Calls check for many shapes, among them the odd ones, on each kind of data and placement. */
void each_shape(const struct check *t, void (*check)(const struct check *t, size_t m, size_t n,
                                                     enum data data, enum placement place));

/* Running sums of an NMSE: squared differences over the power expected. */
struct nmse {
    double error, power;
};
/* Below bound, or as far off as denormal numbers round. */
bool nmse_below(const struct nmse *e, double bound);

/* ---- bench ---- */

/* What a timed function is given. */
struct bench_call {
    const struct dr_kernels *k;
    void *argument;
};

/* Times run, whose argument is a struct bench_call, and prints a row. flops of one run, or 0. */
void bench_row(const struct check *t, const char *slot, const char *shape, double flops,
               void (*run)(void *call), void *argument);

/* bench_<slot> for one shape, without a count of operations: what make gives is called `o` in the
 * slot's arguments. */
#define DEFINE_BENCH(slot, shape, type, make, arguments) \
    static void run_##slot(void *call) {                 \
        const struct bench_call *b = call;               \
        const type *o = b->argument;                     \
        b->k->slot arguments;                            \
    }                                                    \
    void bench_##slot(const struct check *t) {           \
        type o = make;                                   \
        bench_row(t, #slot, shape, 0.0, run_##slot, &o); \
    }

#endif
