/* centroid_linkage.c - hierarchical clustering by the distance of centroids.
 * SPDX-License-Identifier: MIT */
#include "clustering/centroid_linkage.h"

#include "clustering/plda.h"
#include "kernels/unroll.h"

#include <math.h>
#include <string.h>

enum { DIM = DR_XVECTOR_DIM, LANES = 8, PART = 64 };

/* Clusters are called by the highest of their points; one that merges into a later one is gone. */
struct linkage {
    size_t num;
    double *mean;      /* [num][256] */
    size_t *size;      /* [num] points */
    uint32_t *node;    /* [num] in the dendrogram */
    uint32_t *nearest; /* [num] a later cluster: the nearest one when bound was set */
    double *bound;     /* [num] no later cluster is nearer than this */
    uint32_t *left;    /* [num_left] clusters that are left, ascending */
    size_t num_left;
    uint32_t *heap;  /* [heap_size] clusters with a later one, the least bound first */
    uint32_t *place; /* [num] in heap */
    size_t heap_size;
};

/* Between the means of two clusters; INFINITY as soon as it is seen to be above limit. */
static double distance(const struct linkage *l, size_t a, size_t b, double limit) {
    const double *x = l->mean + a * DIM, *y = l->mean + b * DIM;
    double sum[LANES] = {0}, all = 0, enough = limit * limit * (1 + 1e-9);
    for (size_t d = 0; d < DIM;) {
        for (size_t end = d + PART; d < end; d += LANES) {
            UNROLL for (size_t i = 0; i < LANES; i++) sum[i] +=
                (x[d + i] - y[d + i]) * (x[d + i] - y[d + i]);
        }
        all = ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
        if (all > enough)
            return INFINITY;
    }
    return sqrt(all);
}

static void heap_swap(struct linkage *l, size_t i, size_t j) {
    uint32_t a = l->heap[i], b = l->heap[j];
    l->heap[i] = b;
    l->heap[j] = a;
    l->place[a] = (uint32_t)j;
    l->place[b] = (uint32_t)i;
}

static double heap_bound(const struct linkage *l, size_t i) {
    return l->bound[l->heap[i]];
}

static void sift_up(struct linkage *l, size_t i) {
    for (; i > 0 && heap_bound(l, (i - 1) / 2) > heap_bound(l, i); i = (i - 1) / 2)
        heap_swap(l, i, (i - 1) / 2);
}

static void sift_down(struct linkage *l, size_t i) {
    for (size_t child = 2 * i + 1; child < l->heap_size; child = 2 * i + 1) {
        if (child + 1 < l->heap_size && heap_bound(l, child + 1) < heap_bound(l, child))
            child++;
        if (!(heap_bound(l, i) > heap_bound(l, child)))
            return;
        heap_swap(l, i, child);
        i = child;
    }
}

static void set_bound(struct linkage *l, size_t cluster, size_t nearest, double bound) {
    double old = l->bound[cluster];
    l->nearest[cluster] = (uint32_t)nearest;
    l->bound[cluster] = bound;
    if (bound < old)
        sift_up(l, l->place[cluster]);
    else
        sift_down(l, l->place[cluster]);
}

/* Index in left of the first cluster after this one. */
static size_t first_after(const struct linkage *l, size_t cluster) {
    size_t low = 0, high = l->num_left;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (l->left[middle] > cluster)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Of the later clusters, and of equals the first. There is one: the last is never gone. */
static double find_nearest(const struct linkage *l, size_t cluster, size_t *nearest) {
    double best = INFINITY;
    for (size_t i = first_after(l, cluster); i < l->num_left; i++) {
        double d = distance(l, cluster, l->left[i], best);
        if (d < best) {
            best = d;
            *nearest = l->left[i];
        }
    }
    return best;
}

static void build_heap(struct linkage *l) {
    for (size_t i = 0; i < l->num; i++) {
        l->size[i] = 1;
        l->node[i] = l->left[i] = l->heap[i] = l->place[i] = (uint32_t)i;
    }
    l->num_left = l->num;
    l->heap_size = l->num - 1;
    for (size_t i = 0; i < l->heap_size; i++) {
        size_t nearest = 0;
        l->bound[i] = find_nearest(l, i, &nearest);
        l->nearest[i] = (uint32_t)nearest;
    }
    for (size_t i = l->heap_size / 2; i-- > 0;)
        sift_down(l, i);
}

/* Makes the bound at the top of the heap a distance, and takes that cluster out. */
static size_t pop_nearest(struct linkage *l) {
    size_t cluster = l->heap[0];
    while (l->bound[cluster] != distance(l, cluster, l->nearest[cluster], INFINITY)) {
        size_t nearest = 0;
        double bound = find_nearest(l, cluster, &nearest);
        set_bound(l, cluster, nearest, bound);
        cluster = l->heap[0];
    }
    heap_swap(l, 0, --l->heap_size);
    sift_down(l, 0);
    return cluster;
}

/* The earlier cluster goes into the later one. */
static void merge_into(struct linkage *l, size_t gone, size_t into) {
    double share = (double)l->size[gone] / (double)(l->size[gone] + l->size[into]);
    double *mean = l->mean + into * DIM;
    const double *other = l->mean + gone * DIM;
    for (size_t d = 0; d < DIM; d++)
        mean[d] += (other[d] - mean[d]) * share; /* exact when they are equal */
    l->size[into] += l->size[gone];
    size_t at = first_after(l, gone);
    memmove(l->left + at - 1, l->left + at, (l->num_left - at) * sizeof *l->left);
    l->num_left--;
}

/* Bounds that the merge made too high, and those of the new cluster. */
static void update_bounds(struct linkage *l, size_t gone, size_t into) {
    for (size_t i = 0; i < l->num_left && l->left[i] < into; i++) {
        size_t cluster = l->left[i];
        if (cluster < gone && l->nearest[cluster] == gone)
            l->nearest[cluster] = (uint32_t)into;
        double d = distance(l, cluster, into, l->bound[cluster]);
        if (d < l->bound[cluster])
            set_bound(l, cluster, into, d);
    }
    if (into + 1 < l->num) {
        size_t nearest = 0;
        double bound = find_nearest(l, into, &nearest);
        set_bound(l, into, nearest, bound);
    }
}

static void link_all(struct linkage *l, struct dr_dendrogram_merge *merge) {
    build_heap(l);
    for (size_t k = 0; k + 1 < l->num; k++) {
        size_t gone = pop_nearest(l), into = l->nearest[gone];
        uint32_t a = l->node[gone], b = l->node[into];
        merge[k] = (struct dr_dendrogram_merge){
            .left = a < b ? a : b, .right = a < b ? b : a, .distance = l->bound[gone]};
        l->node[into] = (uint32_t)(l->num + k);
        merge_into(l, gone, into);
        update_bounds(l, gone, into);
    }
}

int dr_centroid_linkage(struct dr_dendrogram_merge *merge, double *point, size_t num,
                        struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct linkage l = {.num = num, .mean = point};
    l.size = dr_arena_alloc(arena, num, sizeof *l.size);
    l.node = dr_arena_alloc(arena, num, sizeof *l.node);
    l.nearest = dr_arena_alloc(arena, num, sizeof *l.nearest);
    l.bound = dr_arena_alloc(arena, num, sizeof *l.bound);
    l.left = dr_arena_alloc(arena, num, sizeof *l.left);
    l.heap = dr_arena_alloc(arena, num, sizeof *l.heap);
    l.place = dr_arena_alloc(arena, num, sizeof *l.place);
    int ok = l.size && l.node && l.nearest && l.bound && l.left && l.heap && l.place;
    if (ok)
        link_all(&l, merge);
    dr_arena_rewind(arena, mark);
    return ok ? DIARIST_OK : dr_fail_memory(err);
}
