/* plda.h - from the embeddings of ResNet34 to the space in which VBx works.
 * SPDX-License-Identifier: MIT
 *
 * embedding [256] - mean1 -> of length 16 -> lda' -> [128] - mean2 -> of length sqrt(128)
 *   -> - mu -> tr -> feature [128]: within a speaker of unit covariance, between speakers phi
 *
 * pyannote.audio (utils/vbx.py) obtains tr and phi from the generalised eigenproblem B v = phi W v,
 * W = (tr' tr)^-1, B = (tr' diag(psi)^-1 tr)^-1, vectors scaled to v' W v = 1, phi descending. Its
 * solution is known: W tr'e_i = tr^-1 e_i and B tr'e_i = psi_i tr^-1 e_i, so that the vectors are
 * the rows of tr and phi is psi. What remains is the order. The sign of a vector is arbitrary; here
 * it is the file's. */
#ifndef DR_CLUSTERING_PLDA_H
#define DR_CLUSTERING_PLDA_H

#include "base/arena.h"
#include "base/error.h"

enum { DR_XVECTOR_DIM = 256, DR_PLDA_DIM = 128 };

/* The arrays of xvec_transform.npz and plda.npz; borrowed. */
struct dr_plda_arrays {
    const double *mean1; /* [256] */
    const double *lda;   /* [256][128] */
    const double *mean2; /* [128] */
    const double *mu;    /* [128] */
    const double *tr;    /* [128][128] */
    const double *psi;   /* [128] */
};

struct dr_plda {
    struct dr_plda_arrays arrays;
    const double *tr;  /* [128][128] rows in order of phi */
    const double *phi; /* [128] descending: variances between speakers */
};

/* What is not borrowed lives in arena. DIARIST_ERROR_MODEL: a value is not finite, or a psi not
 * above 0. DIARIST_ERROR_MEMORY. */
int dr_plda_init(struct dr_plda *out, const struct dr_plda_arrays *arrays, struct dr_arena *arena,
                 diarist_error *err);

/* The first half: centred, reduced to 128 dimensions, of length sqrt(128). */
void dr_plda_reduce(double out[DR_PLDA_DIM], const float embedding[DR_XVECTOR_DIM],
                    const struct dr_plda *plda);

/* All of it. */
void dr_plda_transform(double feature[DR_PLDA_DIM], const float embedding[DR_XVECTOR_DIM],
                       const struct dr_plda *plda);

#endif
