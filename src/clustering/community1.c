/* community1.c - who is who, as pyannote.audio's community-1 decides it (VBxClustering).
 * SPDX-License-Identifier: MIT */
#include "clustering/community1.h"

#include "clustering/assign.h"
#include "clustering/centroid_linkage.h"
#include "clustering/constrained_assignment.h"
#include "clustering/kmeans.h"
#include "clustering/training.h"

#include <math.h>
#include <string.h>

enum { Q = DR_LOCAL_SPEAKERS, DIM = DR_XVECTOR_DIM };

const struct dr_community1_params dr_community1_defaults = {
    .min_clean_ratio = 0.2,
    .ahc_threshold = 0.6,
    .vbx = {.Fa = 0.07,
            .Fb = 0.8,
            .init_smoothing = 7,
            .epsilon = 1e-4,
            .max_iterations = DR_VBX_MAX_ITERATIONS},
    .min_pi = 1e-7,
};

/* What the steps below share. */
struct clustering {
    const struct dr_segmentation *segmentation;
    const float *embeddings;
    const struct dr_plda *plda;
    const struct dr_community1_params *params;
    struct dr_training training;
    struct dr_arena *arena;
    diarist_error *err;
};

static const float *training_embedding(const struct clustering *c, size_t i) {
    return c->embeddings + (size_t)c->training.local[i] * DIM;
}

/* [num_training][256] of unit length in the arena; NULL when there is no memory. */
static double *unit_embeddings(const struct clustering *c) {
    double *units = dr_arena_alloc(c->arena, c->training.num, DIM * sizeof *units);
    for (size_t i = 0; units && i < c->training.num; i++) {
        const float *embedding = training_embedding(c, i);
        double squares = 0;
        for (size_t d = 0; d < DIM; d++)
            squares += (double)embedding[d] * embedding[d];
        for (size_t d = 0; d < DIM; d++)
            units[i * DIM + d] = embedding[d] / sqrt(squares);
    }
    return units;
}

static int link_training(const struct clustering *c, int32_t *label, size_t *num_labels) {
    struct dr_arena_mark mark = dr_arena_mark(c->arena);
    struct dr_dendrogram_merge *merge = dr_arena_alloc(c->arena, c->training.num, sizeof *merge);
    double *units = unit_embeddings(c);
    int status = DIARIST_OK;
    if (!merge || !units)
        status = dr_fail_memory(c->err);
    if (!status)
        status = dr_centroid_linkage(merge, units, c->training.num, c->arena, c->err);
    if (!status)
        status = dr_dendrogram_cut(label, num_labels, merge, c->training.num,
                                   c->params->ahc_threshold, c->arena, c->err);
    dr_arena_rewind(c->arena, mark);
    return status;
}

static int run_vbx(const struct clustering *c, struct dr_vbx *vbx, const int32_t *label,
                   size_t num_labels) {
    double *feature = dr_arena_alloc(c->arena, c->training.num, DR_PLDA_DIM * sizeof *feature);
    if (!feature)
        return dr_fail_memory(c->err);
    for (size_t i = 0; i < c->training.num; i++)
        dr_plda_transform(feature + i * DR_PLDA_DIM, training_embedding(c, i), c->plda);
    return dr_vbx_run(vbx, feature, c->training.num, DR_PLDA_DIM, label, num_labels, c->plda->phi,
                      &c->params->vbx, c->arena, c->err);
}

/* Room for the centroids of this many speakers, all 0. */
static int open_centroids(const struct clustering *c, struct dr_community1_clusters *out,
                          size_t num_speakers) {
    out->num_speakers = num_speakers;
    out->centroid = dr_arena_zalloc(c->arena, num_speakers, DIM * sizeof *out->centroid);
    return out->centroid ? DIARIST_OK : dr_fail_memory(c->err);
}

static void add_weighted(double *sum, const float *embedding, double weight) {
    for (size_t d = 0; d < DIM; d++)
        sum[d] += weight * embedding[d];
}

static void divide(double *centroid, double weight) {
    for (size_t d = 0; d < DIM; d++)
        centroid[d] /= weight;
}

static size_t count_kept(const struct clustering *c, const struct dr_vbx *vbx) {
    size_t kept = 0;
    for (size_t s = 0; s < vbx->num_speakers; s++)
        kept += vbx->pi[s] > c->params->min_pi;
    return kept;
}

/* Means of the embeddings, weighted by the responsibilities of the speakers that VBx kept. */
static int weigh_centroids(const struct clustering *c, struct dr_community1_clusters *out,
                           const struct dr_vbx *vbx) {
    int status = open_centroids(c, out, count_kept(c, vbx));
    double *centroid = out->centroid;
    for (size_t s = 0; !status && s < vbx->num_speakers; s++) {
        double weight = 0;
        if (!(vbx->pi[s] > c->params->min_pi))
            continue;
        for (size_t i = 0; i < c->training.num; i++) {
            double gamma = vbx->gamma[i * vbx->num_speakers + s];
            add_weighted(centroid, training_embedding(c, i), gamma);
            weight += gamma;
        }
        divide(centroid, weight);
        centroid += DIM;
    }
    return status;
}

/* Means of the embeddings of each cluster; clusters without any are left out. */
static int mean_centroids(const struct clustering *c, struct dr_community1_clusters *out,
                          const int32_t *label, size_t num_clusters) {
    int status = open_centroids(c, out, num_clusters);
    size_t kept = 0;
    for (size_t k = 0; !status && k < num_clusters; k++) {
        size_t size = 0;
        for (size_t i = 0; i < c->training.num; i++) {
            if (label[i] != (int32_t)k)
                continue;
            add_weighted(out->centroid + kept * DIM, training_embedding(c, i), 1);
            size++;
        }
        if (size > 0)
            divide(out->centroid + kept++ * DIM, (double)size);
    }
    out->num_speakers = kept;
    return status;
}

static int force_speakers(const struct clustering *c, struct dr_community1_clusters *out,
                          size_t num_speakers) {
    size_t wanted = num_speakers < c->training.num ? num_speakers : c->training.num;
    int32_t *label = dr_arena_alloc(c->arena, c->training.num, sizeof *label);
    double *units = unit_embeddings(c);
    if (!label || !units)
        return dr_fail_memory(c->err);
    out->forced = 1;
    int status = dr_kmeans(label, units, c->training.num, wanted, c->arena, c->err);
    return status ? status : mean_centroids(c, out, label, wanted);
}

/* How many speakers there must be when VBx found so many. */
static size_t within_bounds(const struct dr_community1_params *params, size_t found) {
    if (params->min_speakers && found < params->min_speakers)
        return params->min_speakers;
    if (params->max_speakers && found > params->max_speakers)
        return params->max_speakers;
    return found;
}

static double norm(const double *values) {
    double squares = 0;
    for (size_t d = 0; d < DIM; d++)
        squares += values[d] * values[d];
    return sqrt(squares);
}

/* score [K] = 2 - cosine distance to the centroids, whose norms are given. */
static void compare(double *score, const float *embedding, const struct dr_community1_clusters *out,
                    const double *norms) {
    double values[DIM];
    for (size_t d = 0; d < DIM; d++)
        values[d] = embedding[d];
    double own = norm(values);
    for (size_t k = 0; k < out->num_speakers; k++) {
        double dot = 0;
        for (size_t d = 0; d < DIM; d++)
            dot += values[d] * out->centroid[k * DIM + d];
        score[k] = 2 - (1 - dot / (own * norms[k]));
    }
}

static int score_all(const struct clustering *c, struct dr_community1_clusters *out) {
    size_t num_local = c->segmentation->num_chunks * Q, K = out->num_speakers;
    out->score = dr_arena_alloc(c->arena, num_local * K, sizeof *out->score);
    double *norms = dr_arena_alloc(c->arena, K, sizeof *norms);
    if (!out->score || !norms)
        return dr_fail_memory(c->err);
    for (size_t k = 0; k < K; k++)
        norms[k] = norm(out->centroid + k * DIM);
    for (size_t i = 0; i < num_local; i++)
        compare(out->score + i * K, c->embeddings + i * DIM, out, norms);
    return DIARIST_OK;
}

/* Whether local speaker `local` = 3 * chunk + speaker is active in any frame. */
static int is_active(const struct dr_segmentation *segmentation, size_t local) {
    const uint8_t *active = segmentation->active + local / Q * DR_CHUNK_FRAMES;
    unsigned any = 0;
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++)
        any |= active[f];
    return any >> local % Q & 1;
}

/* Those who are never active get one score for all speakers, below any other, so that they take
 * what the others leave. */
static void lower_inactive(const struct clustering *c, struct dr_community1_clusters *out) {
    size_t num_local = c->segmentation->num_chunks * Q, K = out->num_speakers;
    double lowest = INFINITY;
    int any_nan = 0;
    for (size_t i = 0; i < num_local * K; i++) {
        any_nan |= isnan(out->score[i]);
        lowest = fmin(lowest, out->score[i]);
    }
    /* As numpy: NaN is the least of values among which there is one. */
    double low = any_nan ? NAN : lowest - 1;
    for (size_t i = 0; i < num_local; i++) {
        if (is_active(c->segmentation, i))
            continue;
        for (size_t k = 0; k < K; k++)
            out->score[i * K + k] = low;
    }
}

static void drop_inactive(const struct clustering *c, struct dr_community1_clusters *out) {
    for (size_t i = 0; i < c->segmentation->num_chunks * Q; i++)
        if (!is_active(c->segmentation, i))
            out->hard[i] = DR_NOBODY;
}

/* Each to the speaker with the best score, of equals the first. */
static void choose_freely(const struct clustering *c, struct dr_community1_clusters *out) {
    for (size_t i = 0; i < c->segmentation->num_chunks * Q; i++) {
        const double *score = out->score + i * out->num_speakers;
        size_t best = 0;
        for (size_t k = 1; k < out->num_speakers; k++)
            best = score[k] > score[best] ? k : best;
        out->hard[i] = (int32_t)best;
    }
}

static int assign_all(const struct clustering *c, struct dr_community1_clusters *out) {
    int status = score_all(c, out);
    if (status)
        return status;
    if (out->forced) {
        choose_freely(c, out);
        return DIARIST_OK;
    }
    lower_inactive(c, out);
    return dr_constrained_assignment(out->hard, out->score, c->segmentation->num_chunks,
                                     out->num_speakers, c->arena, c->err);
}

/* One speaker, whose centroid is the one embedding, if there is one. */
static int assign_to_one(const struct clustering *c, struct dr_community1_clusters *out) {
    size_t num_local = c->segmentation->num_chunks * Q;
    int status = open_centroids(c, out, 1);
    out->score = dr_arena_alloc(c->arena, num_local, sizeof *out->score);
    if (status || !out->score)
        return dr_fail_memory(c->err);
    for (size_t i = 0; i < c->training.num; i++)
        add_weighted(out->centroid, training_embedding(c, i), 1);
    for (size_t i = 0; i < num_local; i++) {
        out->hard[i] = 0;
        out->score[i] = 1;
    }
    return DIARIST_OK;
}

static int find_centroids(const struct clustering *c, struct dr_community1_clusters *out) {
    size_t num_labels;
    int32_t *label = dr_arena_alloc(c->arena, c->training.num, sizeof *label);
    if (!label)
        return dr_fail_memory(c->err);
    int status = link_training(c, label, &num_labels);
    if (status)
        return status;
    out->stages.ahc = label;
    status = run_vbx(c, &out->stages.vbx, label, num_labels);
    if (status)
        return status;
    size_t found = count_kept(c, &out->stages.vbx), wanted = within_bounds(c->params, found);
    return wanted == found ? weigh_centroids(c, out, &out->stages.vbx)
                           : force_speakers(c, out, wanted);
}

int dr_community1_cluster(struct dr_community1_clusters *out,
                          const struct dr_segmentation *segmentation, const float *embeddings,
                          const struct dr_plda *plda, const struct dr_community1_params *params,
                          struct dr_arena *arena, diarist_error *err) {
    struct clustering c = {segmentation, embeddings, plda, params, {0}, arena, err};
    *out = (struct dr_community1_clusters){0};
    if (params->max_speakers && params->min_speakers > params->max_speakers)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "min_speakers %zu is above max_speakers %zu; lower one or raise the other",
                       params->min_speakers, params->max_speakers);
    out->hard = dr_arena_alloc(arena, segmentation->num_chunks * Q, sizeof *out->hard);
    if (!out->hard)
        return dr_fail_memory(err);
    int status = dr_training_select(&c.training, segmentation, embeddings, params->min_clean_ratio,
                                    arena, err);
    if (status)
        return status;
    out->stages.num_training = c.training.num;
    out->stages.training = c.training.local;
    if (c.training.num < 2) {
        status = assign_to_one(&c, out);
    } else {
        status = find_centroids(&c, out);
        status = status ? status : assign_all(&c, out);
    }
    if (!status)
        drop_inactive(&c, out);
    return status;
}
