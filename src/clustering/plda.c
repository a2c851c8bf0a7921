/* plda.c - from the embeddings of ResNet34 to the space in which VBx works.
 * SPDX-License-Identifier: MIT */
#include "clustering/plda.h"

#include <math.h>
#include <string.h>

enum { IN = DR_XVECTOR_DIM, OUT = DR_PLDA_DIM };

static int check_finite(const double *values, size_t num, const char *name, diarist_error *err) {
    for (size_t i = 0; i < num; i++)
        if (!isfinite(values[i]))
            return dr_fail(err, DIARIST_ERROR_MODEL,
                           "PLDA: value %zu of %s is not finite; import the model again", i, name);
    return DIARIST_OK;
}

static int check(const struct dr_plda_arrays *arrays, diarist_error *err) {
    const struct {
        const double *values;
        size_t num;
        const char *name;
    } all[] = {{arrays->mean1, IN, "mean1"},  {arrays->lda, (size_t)IN * OUT, "lda"},
               {arrays->mean2, OUT, "mean2"}, {arrays->mu, OUT, "mu"},
               {arrays->tr, OUT * OUT, "tr"}, {arrays->psi, OUT, "psi"}};
    for (size_t a = 0; a < sizeof all / sizeof *all; a++) {
        int status = check_finite(all[a].values, all[a].num, all[a].name, err);
        if (status)
            return status;
    }
    for (size_t i = 0; i < OUT; i++)
        if (arrays->psi[i] <= 0)
            return dr_fail(err, DIARIST_ERROR_MODEL,
                           "PLDA: psi[%zu] is %g, a variance above 0 is needed; import the model "
                           "again",
                           i, arrays->psi[i]);
    return DIARIST_OK;
}

/* order [128]: indices of psi, descending, of equals the first. */
static void sort_descending(size_t *order, const double *psi) {
    for (size_t i = 0; i < OUT; i++) {
        size_t at = i;
        for (; at > 0 && psi[order[at - 1]] < psi[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

int dr_plda_init(struct dr_plda *out, const struct dr_plda_arrays *arrays, struct dr_arena *arena,
                 diarist_error *err) {
    *out = (struct dr_plda){0};
    int status = check(arrays, err);
    if (status)
        return status;
    double *tr = dr_arena_alloc(arena, (size_t)OUT * OUT, sizeof *tr);
    double *phi = dr_arena_alloc(arena, OUT, sizeof *phi);
    if (!tr || !phi)
        return dr_fail_memory(err);
    size_t order[OUT];
    sort_descending(order, arrays->psi);
    for (size_t i = 0; i < OUT; i++) {
        phi[i] = arrays->psi[order[i]];
        memcpy(tr + i * OUT, arrays->tr + order[i] * OUT, OUT * sizeof *tr);
    }
    *out = (struct dr_plda){.arrays = *arrays, .tr = tr, .phi = phi};
    return DIARIST_OK;
}

static void scale_to(double *values, size_t num, double length) {
    double squares = 0;
    for (size_t i = 0; i < num; i++)
        squares += values[i] * values[i];
    double factor = length / sqrt(squares);
    for (size_t i = 0; i < num; i++)
        values[i] *= factor;
}

void dr_plda_reduce(double out[DR_PLDA_DIM], const float embedding[DR_XVECTOR_DIM],
                    const struct dr_plda *plda) {
    const struct dr_plda_arrays *a = &plda->arrays;
    double centred[IN];
    for (size_t i = 0; i < IN; i++)
        centred[i] = (double)embedding[i] - a->mean1[i];
    scale_to(centred, IN, sqrt(IN));
    memset(out, 0, OUT * sizeof *out);
    for (size_t i = 0; i < IN; i++)
        for (size_t j = 0; j < OUT; j++)
            out[j] += centred[i] * a->lda[i * OUT + j];
    for (size_t j = 0; j < OUT; j++)
        out[j] -= a->mean2[j];
    scale_to(out, OUT, sqrt(OUT));
}

void dr_plda_transform(double feature[DR_PLDA_DIM], const float embedding[DR_XVECTOR_DIM],
                       const struct dr_plda *plda) {
    double reduced[OUT];
    dr_plda_reduce(reduced, embedding, plda);
    for (size_t j = 0; j < OUT; j++)
        reduced[j] -= plda->arrays.mu[j];
    for (size_t i = 0; i < OUT; i++) {
        double sum = 0;
        for (size_t j = 0; j < OUT; j++)
            sum += plda->tr[i * OUT + j] * reduced[j];
        feature[i] = sum;
    }
}
