/* lstm_checks.h - what an LSTM step has to keep, whatever its numbers are.
 * SPDX-License-Identifier: MIT
 *
 * A kind of step (check_lstm.c, check_lstm16.c) packs the weights, says what its h means, and runs
 * some sequences of a batch; that h and c are the formula's, that nothing else is written, and that
 * calls may be split, is checked here for all kinds. */
#ifndef TESTS_KERNELS_LSTM_CHECKS_H
#define TESTS_KERNELS_LSTM_CHECKS_H

#include "checkkern.h"

enum { GATES = 4 };

/* What a step reads and writes besides packed weights. h is of the kind's type. */
struct batch {
    size_t size, hidden;
    const float *x; /* [size][ldx] */
    ptrdiff_t ldx;
    const void *h_prev; /* [size][ldh_prev] */
    ptrdiff_t ldh_prev;
    float *c; /* [size][hidden] */
    void *h;  /* [size][ldh] */
    ptrdiff_t ldh;
    const double *weight; /* [4*hidden][hidden], in PyTorch's order: what was packed */
};

/* The same fields of any struct dr_lstm_step*. */
#define SET_BATCH(s, b)                                                                          \
    ((s)->batch = (b)->size, (s)->hidden = (b)->hidden, (s)->x = (b)->x, (s)->ldx = (b)->ldx,    \
     (s)->h_prev = (b)->h_prev, (s)->ldh_prev = (b)->ldh_prev, (s)->c = (b)->c, (s)->h = (b)->h, \
     (s)->ldh = (b)->ldh)

struct step_kind {
    size_t h_bytes;
    double h_bound;
    /* The value of element `at` of h. */
    double (*h)(const void *h, size_t at);
    /* A step with packed weights, for b->size and b->hidden; makes the rest of b, by make_batch,
     * and its h_prev and weight. */
    void *(*make)(struct batch *b, double scale_x, enum placement place);
    /* Runs all of the batch; step is what make gave. */
    void (*run)(const struct dr_kernels *k, const void *step, const struct batch *b);
};

/* Memory and strides, but for h_prev and weight. Returns the size of h_prev. x: between -scale_x
 * and scale_x. */
size_t make_batch(struct batch *b, size_t h_bytes, double scale_x, enum placement place);

/* Weights that a trained layer may have, [4*hidden][hidden]. */
float *random_weights(size_t hidden);

/* The formula. what: for messages. */
void check_step(const struct check *t, const struct step_kind *kind, const void *step,
                const struct batch *b, const char *what);

/* The formula on random batches, gates between -1 and 1 or as far out as scale_x takes them; and a
 * batch in parts must give the same bits as in one call. */
void check_batches(const struct check *t, const struct step_kind *kind, double scale_x);

void bench_batches(const struct check *t, const struct step_kind *kind, const char *slot);

#endif
