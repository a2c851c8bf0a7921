/* vbx.c - Bayesian clustering of embeddings.
 * SPDX-License-Identifier: MIT
 *
 * Names are those of the paper: rho = V x, V = sqrt(phi); the model of a speaker is a Gaussian of
 * mean alpha and diagonal covariance invL. Sums over embeddings are taken in their order. */
#include "clustering/vbx.h"

#include "kernels/unroll.h"

#include <math.h>
#include <string.h>

enum { LANES = 8, ROWS = 4 };

struct vbx {
    size_t num, dim, num_speakers;
    const struct dr_vbx_params *params;
    const double *phi;
    const double *rho;  /* [num][dim] */
    double *log_normal; /* [num] log density of an embedding without a speaker: G */
    double *alpha;      /* [num_speakers][dim] */
    double *invL;       /* [num_speakers][dim] */
    double *offset;     /* [num_speakers] what (23) subtracts for a speaker */
    double *log_pi;     /* [num_speakers] */
    double *gamma, *pi; /* of the result */
};

static double dot(const double *a, const double *b, size_t dim) {
    double sum[LANES] = {0};
    for (size_t d = 0; d < dim; d += LANES)
        UNROLL for (size_t i = 0; i < LANES; i++) sum[i] += a[d + i] * b[d + i];
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

static void set_features(struct vbx *v, double *feature) {
    double *root = v->invL; /* until the first iteration */
    for (size_t d = 0; d < v->dim; d++)
        root[d] = sqrt(v->phi[d]);
    for (size_t t = 0; t < v->num; t++) {
        double *x = feature + t * v->dim;
        v->log_normal[t] = -0.5 * (dot(x, x, v->dim) + (double)v->dim * log(2 * M_PI));
        for (size_t d = 0; d < v->dim; d++)
            x[d] *= root[d];
    }
    v->rho = feature;
}

static void start(struct vbx *v, const int32_t *label) {
    double other = 1 / (exp(v->params->init_smoothing) + (double)(v->num_speakers - 1));
    double own = exp(v->params->init_smoothing) * other;
    for (size_t s = 0; s < v->num_speakers; s++)
        v->pi[s] = 1 / (double)v->num_speakers;
    for (size_t t = 0; t < v->num; t++)
        for (size_t s = 0; s < v->num_speakers; s++)
            v->gamma[t * v->num_speakers + s] = (size_t)label[t] == s ? own : other;
}

/* alpha += gamma rho of up to ROWS embeddings from t on, in their order. */
static void add_statistics(struct vbx *v, size_t t, size_t s) {
    const size_t dim = v->dim;
    double *restrict alpha = v->alpha + s * dim;
    const double *restrict rho = v->rho + t * dim;
    double gamma[ROWS] = {0};
    for (size_t i = 0; i < ROWS && t + i < v->num; i++) {
        gamma[i] = v->gamma[(t + i) * v->num_speakers + s];
        v->offset[s] += gamma[i];
    }
    if (t + ROWS <= v->num) {
        for (size_t d = 0; d < dim; d++)
            alpha[d] = alpha[d] + gamma[0] * rho[d] + gamma[1] * rho[dim + d] +
                       gamma[2] * rho[2 * dim + d] + gamma[3] * rho[3 * dim + d];
        return;
    }
    for (size_t i = 0; t + i < v->num; i++)
        for (size_t d = 0; d < dim; d++)
            alpha[d] += gamma[i] * rho[i * dim + d];
}

/* (16) and (17): the speakers from the responsibilities. */
static void estimate_speakers(struct vbx *v) {
    double ratio = v->params->Fa / v->params->Fb;
    memset(v->alpha, 0, v->num_speakers * v->dim * sizeof *v->alpha);
    memset(v->offset, 0, v->num_speakers * sizeof *v->offset); /* here: sums of gamma */
    for (size_t t = 0; t < v->num; t += ROWS)
        for (size_t s = 0; s < v->num_speakers; s++)
            add_statistics(v, t, s);
    for (size_t s = 0; s < v->num_speakers; s++) {
        double *alpha = v->alpha + s * v->dim, *invL = v->invL + s * v->dim, sum = 0;
        for (size_t d = 0; d < v->dim; d++) {
            invL[d] = 1 / (1 + ratio * v->offset[s] * v->phi[d]);
            alpha[d] *= ratio * invL[d];
            sum += (invL[d] + alpha[d] * alpha[d]) * v->phi[d];
        }
        v->offset[s] = 0.5 * sum;
        v->log_pi[s] = log(v->pi[s] + 1e-8); /* the 1e-8 is pyannote's */
    }
}

/* (23): responsibilities of one embedding, and its log-likelihood. */
static double assign(const struct vbx *v, size_t t) {
    double *gamma = v->gamma + t * v->num_speakers;
    double highest = -INFINITY, sum = 0;
    for (size_t s = 0; s < v->num_speakers; s++) {
        const double *rho = v->rho + t * v->dim, *alpha = v->alpha + s * v->dim;
        double log_p = dot(rho, alpha, v->dim) - v->offset[s] + v->log_normal[t];
        gamma[s] = v->params->Fa * log_p + v->log_pi[s];
        highest = fmax(highest, gamma[s]);
    }
    for (size_t s = 0; s < v->num_speakers; s++)
        sum += exp(gamma[s] - highest);
    double likelihood = highest + log(sum);
    for (size_t s = 0; s < v->num_speakers; s++)
        gamma[s] = exp(gamma[s] - likelihood);
    return likelihood;
}

static void estimate_priors(struct vbx *v) {
    double all = 0;
    memset(v->pi, 0, v->num_speakers * sizeof *v->pi);
    for (size_t t = 0; t < v->num; t++)
        for (size_t s = 0; s < v->num_speakers; s++)
            v->pi[s] += v->gamma[t * v->num_speakers + s];
    for (size_t s = 0; s < v->num_speakers; s++)
        all += v->pi[s];
    for (size_t s = 0; s < v->num_speakers; s++)
        v->pi[s] /= all;
}

/* One iteration; its ELBO (25). */
static double iterate(struct vbx *v) {
    double likelihood = 0, models = 0;
    estimate_speakers(v);
    for (size_t t = 0; t < v->num; t++)
        likelihood += assign(v, t);
    estimate_priors(v);
    for (size_t i = 0; i < v->num_speakers * v->dim; i++)
        models += log(v->invL[i]) - v->invL[i] - v->alpha[i] * v->alpha[i] + 1;
    return likelihood + v->params->Fb * 0.5 * models;
}

/* Scratch memory; 0 when there is none. */
static int allocate(struct vbx *v, struct dr_arena *arena) {
    v->log_normal = dr_arena_alloc(arena, v->num, sizeof *v->log_normal);
    v->alpha = dr_arena_alloc(arena, v->num_speakers, v->dim * sizeof *v->alpha);
    v->invL = dr_arena_alloc(arena, v->num_speakers, v->dim * sizeof *v->invL);
    v->offset = dr_arena_alloc(arena, v->num_speakers, sizeof *v->offset);
    v->log_pi = dr_arena_alloc(arena, v->num_speakers, sizeof *v->log_pi);
    return v->log_normal && v->alpha && v->invL && v->offset && v->log_pi;
}

int dr_vbx_run(struct dr_vbx *out, double *feature, size_t num, size_t dim, const int32_t *label,
               size_t num_labels, const double *phi, const struct dr_vbx_params *params,
               struct dr_arena *arena, diarist_error *err) {
    struct vbx v = {
        .num = num, .dim = dim, .num_speakers = num_labels, .params = params, .phi = phi};
    size_t row = num_labels * sizeof *v.gamma;
    *out = (struct dr_vbx){0};
    v.gamma = dr_arena_alloc(arena, num, row);
    v.pi = dr_arena_alloc(arena, 1, row);
    struct dr_arena_mark mark = dr_arena_mark(arena);
    if (!v.gamma || !v.pi || !allocate(&v, arena))
        return dr_fail_memory(err);
    set_features(&v, feature);
    start(&v, label);
    *out = (struct dr_vbx){.num_speakers = num_labels, .gamma = v.gamma, .pi = v.pi};
    for (size_t i = 0; i < params->max_iterations; i++) {
        out->elbo[out->num_iterations++] = iterate(&v);
        if (i > 0 && out->elbo[i] - out->elbo[i - 1] < params->epsilon)
            break;
    }
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}
