/* vbx.h - Bayesian clustering of embeddings whose spread within a speaker is 1 in every dimension.
 * SPDX-License-Identifier: MIT
 *
 * Landini, Profant, Diez, Burget, "Bayesian HMM clustering of x-vector sequences (VBx) in speaker
 * diarization" (2022), equations 16 to 25, as pyannote.audio has it: without transitions, a mixture
 * whose weights pi shrink to 0 for speakers that are not needed. */
#ifndef DR_CLUSTERING_VBX_H
#define DR_CLUSTERING_VBX_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

enum { DR_VBX_MAX_ITERATIONS = 20 };

struct dr_vbx_params {
    double Fa;             /* scale of the statistics */
    double Fb;             /* regularisation: the greater, the fewer speakers */
    double init_smoothing; /* gamma begins as softmax(init_smoothing * [the cluster]) */
    double epsilon;        /* iterations stop when the ELBO gains less, */
    size_t max_iterations; /* or after so many; at most DR_VBX_MAX_ITERATIONS */
};

struct dr_vbx {
    size_t num_speakers;
    double *gamma; /* [num][num_speakers] responsibilities */
    double *pi;    /* [num_speakers] priors */
    size_t num_iterations;
    double elbo[DR_VBX_MAX_ITERATIONS]; /* of each iteration */
};

/* feature [num][dim], dim a multiple of 8, is used up: it is multiplied by sqrt(phi). label [num]:
 * the clusters to begin with, 0..num_labels-1. phi [dim]: variances between speakers. gamma and pi
 * live in arena: num * num_labels doubles, the most memory that is needed. DIARIST_ERROR_MEMORY. */
int dr_vbx_run(struct dr_vbx *out, double *feature, size_t num, size_t dim, const int32_t *label,
               size_t num_labels, const double *phi, const struct dr_vbx_params *params,
               struct dr_arena *arena, diarist_error *err);

#endif
