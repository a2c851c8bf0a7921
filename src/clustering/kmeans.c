/* kmeans.c - a given number of clusters.
 * SPDX-License-Identifier: MIT */
#include "clustering/kmeans.h"

#include "clustering/mersenne.h"
#include "clustering/plda.h"
#include "kernels/unroll.h"

#include <math.h>
#include <string.h>

enum { DIM = DR_XVECTOR_DIM, LANES = 8, RUNS = 3, MAX_ITERATIONS = 300, SEED = 42 };

#define TOLERANCE 1e-4 /* of the mean variance of a dimension */

struct kmeans {
    size_t num, k;
    const double *point;  /* [num][256] */
    double tolerance;     /* for the squared movement of all centres */
    double *centre;       /* [k][256] */
    double *moved;        /* [k][256] the next centres */
    size_t *size;         /* [k] */
    double *nearest;      /* [num] squared distance to the nearest seed, or to the own centre */
    double *candidate;    /* [num] the same if a candidate were a seed */
    double *best_seed;    /* [num] the same for the best candidate */
    int32_t *label, *old; /* [num] */
    int32_t *match;       /* [k] */
    struct dr_mersenne random;
};

static double squared_distance(const double *x, const double *y) {
    double sum[LANES] = {0};
    for (size_t d = 0; d < DIM; d += LANES)
        UNROLL for (size_t i = 0; i < LANES; i++) sum[i] +=
            (x[d + i] - y[d + i]) * (x[d + i] - y[d + i]);
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* Subtracts the mean; returns the mean variance of a dimension. */
static double centre_points(double *point, size_t num) {
    double mean[DIM] = {0}, squares = 0;
    for (size_t i = 0; i < num; i++)
        for (size_t d = 0; d < DIM; d++)
            mean[d] += point[i * DIM + d];
    for (size_t d = 0; d < DIM; d++)
        mean[d] /= (double)num;
    for (size_t i = 0; i < num; i++) {
        for (size_t d = 0; d < DIM; d++) {
            point[i * DIM + d] -= mean[d];
            squares += point[i * DIM + d] * point[i * DIM + d];
        }
    }
    return squares / (double)(num * DIM);
}

static double sum_of(const double *values, size_t num) {
    double sum = 0;
    for (size_t i = 0; i < num; i++)
        sum += values[i];
    return sum;
}

/* The first point at which the running sum of weight reaches mark. */
static size_t find_sum(const double *weight, size_t num, double mark) {
    double sum = 0;
    for (size_t i = 0; i < num; i++) {
        sum += weight[i];
        if (sum >= mark)
            return i;
    }
    return num - 1;
}

/* The next seed: of a few points drawn by their squared distance, the one that leaves the least. */
static size_t choose_seed(struct kmeans *m) {
    size_t num_trials = 2 + (size_t)log((double)m->k), chosen = 0;
    double total = sum_of(m->nearest, m->num), least = INFINITY, mark[64];
    for (size_t i = 0; i < num_trials; i++)
        mark[i] = dr_mersenne_uniform(&m->random) * total;
    for (size_t i = 0; i < num_trials; i++) {
        size_t seed = find_sum(m->nearest, m->num, mark[i]);
        for (size_t p = 0; p < m->num; p++)
            m->candidate[p] =
                fmin(m->nearest[p], squared_distance(m->point + seed * DIM, m->point + p * DIM));
        double left = sum_of(m->candidate, m->num);
        if (left < least) {
            least = left;
            chosen = seed;
            memcpy(m->best_seed, m->candidate, m->num * sizeof *m->candidate);
        }
    }
    memcpy(m->nearest, m->best_seed, m->num * sizeof *m->nearest);
    return chosen;
}

static void choose_seeds(struct kmeans *m) {
    size_t seed = (size_t)(dr_mersenne_uniform(&m->random) * (double)m->num);
    for (size_t p = 0; p < m->num; p++)
        m->nearest[p] = squared_distance(m->point + seed * DIM, m->point + p * DIM);
    memcpy(m->centre, m->point + seed * DIM, DIM * sizeof *m->centre);
    for (size_t j = 1; j < m->k; j++)
        memcpy(m->centre + j * DIM, m->point + choose_seed(m) * DIM, DIM * sizeof *m->centre);
}

/* Each point to its nearest centre, of equals the first. */
static void assign_points(struct kmeans *m) {
    for (size_t p = 0; p < m->num; p++) {
        m->nearest[p] = INFINITY;
        for (size_t j = 0; j < m->k; j++) {
            double d = squared_distance(m->point + p * DIM, m->centre + j * DIM);
            if (d < m->nearest[p]) {
                m->nearest[p] = d;
                m->label[p] = (int32_t)j;
            }
        }
    }
}

/* A cluster without points gets the one that is farthest from its centre, taken out of the sums of
 * its cluster; nothing happens when all points lie on their centres. */
static void fill_empty(struct kmeans *m) {
    for (size_t j = 0; j < m->k; j++) {
        size_t far = 0;
        if (m->size[j] > 0)
            continue;
        for (size_t p = 1; p < m->num; p++)
            far = m->nearest[p] > m->nearest[far] ? p : far;
        if (!(m->nearest[far] > 0))
            return;
        double *from = m->moved + (size_t)m->label[far] * DIM;
        for (size_t d = 0; d < DIM; d++)
            from[d] -= m->point[far * DIM + d];
        memcpy(m->moved + j * DIM, m->point + far * DIM, DIM * sizeof *m->moved);
        m->size[m->label[far]]--;
        m->size[j] = 1;
        m->nearest[far] = 0;
    }
}

/* The centres become the means of their points; returns the squared movement of all. */
static double move_centres(struct kmeans *m) {
    double movement = 0;
    size_t largest = 0;
    memset(m->moved, 0, m->k * DIM * sizeof *m->moved);
    memset(m->size, 0, m->k * sizeof *m->size);
    for (size_t p = 0; p < m->num; p++) {
        double *sum = m->moved + (size_t)m->label[p] * DIM;
        m->size[m->label[p]]++;
        for (size_t d = 0; d < DIM; d++)
            sum[d] += m->point[p * DIM + d];
    }
    fill_empty(m);
    for (size_t j = 0; j < m->k; j++) {
        largest = m->size[j] > m->size[largest] ? j : largest;
        for (size_t d = 0; d < DIM && m->size[j] > 0; d++)
            m->moved[j * DIM + d] /= (double)m->size[j];
    }
    for (size_t j = 0; j < m->k; j++)
        if (m->size[j] == 0)
            memcpy(m->moved + j * DIM, m->moved + largest * DIM, DIM * sizeof *m->moved);
    for (size_t j = 0; j < m->k; j++)
        movement += squared_distance(m->moved + j * DIM, m->centre + j * DIM);
    memcpy(m->centre, m->moved, m->k * DIM * sizeof *m->centre);
    return movement;
}

/* From the seeds to labels; returns the squared distances of all points to their centres. */
static double run(struct kmeans *m) {
    int settled = 0;
    for (size_t p = 0; p < m->num; p++)
        m->old[p] = -1;
    for (int i = 0; i < MAX_ITERATIONS; i++) {
        assign_points(m);
        double movement = move_centres(m);
        settled = memcmp(m->label, m->old, m->num * sizeof *m->label) == 0;
        if (settled || movement <= m->tolerance)
            break;
        memcpy(m->old, m->label, m->num * sizeof *m->label);
    }
    if (!settled)
        assign_points(m);
    double inertia = 0;
    for (size_t p = 0; p < m->num; p++)
        inertia += squared_distance(m->point + p * DIM, m->centre + (size_t)m->label[p] * DIM);
    return inertia;
}

/* Whether two labelings differ by names only. */
static int same_clusters(struct kmeans *m, const int32_t *best) {
    for (size_t j = 0; j < m->k; j++)
        m->match[j] = -1;
    for (size_t p = 0; p < m->num; p++) {
        int32_t *match = &m->match[m->label[p]];
        if (*match < 0)
            *match = best[p];
        else if (*match != best[p])
            return 0;
    }
    return 1;
}

static int allocate(struct kmeans *m, struct dr_arena *arena) {
    m->centre = dr_arena_alloc(arena, m->k, DIM * sizeof *m->centre);
    m->moved = dr_arena_alloc(arena, m->k, DIM * sizeof *m->moved);
    m->size = dr_arena_alloc(arena, m->k, sizeof *m->size);
    m->nearest = dr_arena_alloc(arena, m->num, sizeof *m->nearest);
    m->candidate = dr_arena_alloc(arena, m->num, sizeof *m->candidate);
    m->best_seed = dr_arena_alloc(arena, m->num, sizeof *m->best_seed);
    m->label = dr_arena_alloc(arena, m->num, sizeof *m->label);
    m->old = dr_arena_alloc(arena, m->num, sizeof *m->old);
    m->match = dr_arena_alloc(arena, m->k, sizeof *m->match);
    return m->centre && m->moved && m->size && m->nearest && m->candidate && m->best_seed &&
           m->label && m->old && m->match;
}

int dr_kmeans(int32_t *label, double *point, size_t num, size_t num_clusters,
              struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct kmeans *m = dr_arena_zalloc(arena, 1, sizeof *m);
    if (m)
        *m = (struct kmeans){.num = num, .k = num_clusters, .point = point};
    if (!m || !allocate(m, arena)) {
        dr_arena_rewind(arena, mark);
        return dr_fail_memory(err);
    }
    m->tolerance = TOLERANCE * centre_points(point, num);
    dr_mersenne_seed(&m->random, SEED);
    double best = INFINITY;
    for (int i = 0; i < RUNS; i++) {
        choose_seeds(m);
        double inertia = run(m);
        if (i == 0 || (inertia < best && !same_clusters(m, label))) {
            best = inertia;
            memcpy(label, m->label, num * sizeof *label);
        }
    }
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}
