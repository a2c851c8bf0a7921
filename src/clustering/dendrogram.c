/* dendrogram.c - the tree of a hierarchical clustering, and its cut.
 * SPDX-License-Identifier: MIT */
#include "clustering/dendrogram.h"

#include <string.h>

/* The walk: merges on the way from the root to where it is, with what each of them waits for. */
struct walk {
    const struct dr_dendrogram_merge *merge;
    size_t num_points;
    double threshold;
    double *highest; /* [num_points - 1] greatest distance in the subtree */
    uint32_t *path;  /* [num_points - 1] */
    uint8_t *done;   /* [num_points - 1] nodes of a merge on the path that were visited */
    size_t depth;
    int inside;          /* whether a merge on the path is the top of a cluster, */
    size_t top;          /* which */
    size_t num_clusters; /* so far */
};

static void find_highest(struct walk *walk) {
    for (size_t i = 0; i + 1 < walk->num_points; i++) {
        const struct dr_dendrogram_merge *m = &walk->merge[i];
        double highest = m->distance;
        for (int side = 0; side < 2; side++) {
            size_t node = side ? m->right : m->left;
            if (node >= walk->num_points && walk->highest[node - walk->num_points] > highest)
                highest = walk->highest[node - walk->num_points];
        }
        walk->highest[i] = highest;
    }
}

static void enter(struct walk *walk, size_t merge) {
    walk->path[walk->depth++] = (uint32_t)merge;
    walk->done[merge] = 0;
    if (!walk->inside && walk->highest[merge] <= walk->threshold) {
        walk->inside = 1;
        walk->top = merge;
        walk->num_clusters++;
    }
}

static void label_point(struct walk *walk, int32_t *label, size_t node) {
    if (node >= walk->num_points)
        return;
    walk->num_clusters += !walk->inside;
    label[node] = (int32_t)walk->num_clusters - 1;
}

/* Goes on into a node of the merge at the end of the path, or names its points and leaves it. */
static void step(struct walk *walk, int32_t *label) {
    size_t at = walk->path[walk->depth - 1];
    const struct dr_dendrogram_merge *m = &walk->merge[at];
    if (walk->done[at] < 2) {
        size_t node = walk->done[at]++ ? m->right : m->left;
        if (node >= walk->num_points)
            enter(walk, node - walk->num_points);
        return;
    }
    label_point(walk, label, m->left);
    label_point(walk, label, m->right);
    if (walk->inside && walk->top == at)
        walk->inside = 0;
    walk->depth--;
}

int dr_dendrogram_cut(int32_t *label, size_t *num_clusters, const struct dr_dendrogram_merge *merge,
                      size_t num_points, double threshold, struct dr_arena *arena,
                      diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct walk walk = {.merge = merge, .num_points = num_points, .threshold = threshold};
    walk.highest = dr_arena_alloc(arena, num_points, sizeof *walk.highest);
    walk.path = dr_arena_alloc(arena, num_points, sizeof *walk.path);
    walk.done = dr_arena_alloc(arena, num_points, sizeof *walk.done);
    if (!walk.highest || !walk.path || !walk.done) {
        dr_arena_rewind(arena, mark);
        return dr_fail_memory(err);
    }
    if (num_points == 1)
        label_point(&walk, label, 0);
    else {
        find_highest(&walk);
        enter(&walk, num_points - 2);
        while (walk.depth > 0)
            step(&walk, label);
    }
    *num_clusters = walk.num_clusters;
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}
