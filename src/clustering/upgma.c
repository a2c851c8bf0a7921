/* upgma.c - average-linkage clustering of windows, in blocks of time when there are many.
 * SPDX-License-Identifier: MIT
 *
 * Each level: item of each window -> linkage of some items at a time -> parent of each item
 *   -> fewer items, numbered in order of their first window */
#include "clustering/upgma.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NO_ITEM UINT32_MAX

/* The windows being clustered and where their clustering stands. */
struct state {
    const struct dr_windows *windows;
    const struct dr_links *links;
    const struct dr_cluster_params *params;
    struct dr_arena *arena;
    uint32_t *item;   /* [windows->num] of each window */
    uint32_t *local;  /* [windows->num] its place in the linkage at work, or NO_ITEM */
    uint32_t *parent; /* [windows->num] of each item; itself where nothing was merged */
    size_t num_items;
    int last_level; /* whether small clusters go on */
};

static int state_init(struct state *s, const struct dr_windows *windows,
                      const struct dr_links *links, const struct dr_cluster_params *params,
                      struct dr_arena *arena) {
    size_t num = windows->num;
    *s = (struct state){.windows = windows,
                        .links = links,
                        .params = params,
                        .arena = arena,
                        .item = dr_arena_alloc(arena, num, sizeof(uint32_t)),
                        .local = dr_arena_alloc(arena, num, sizeof(uint32_t)),
                        .parent = dr_arena_alloc(arena, num, sizeof(uint32_t)),
                        .num_items = num};
    if (!s->item || !s->local || !s->parent)
        return -1;
    for (size_t w = 0; w < num; w++) {
        s->item[w] = (uint32_t)w;
        s->parent[w] = (uint32_t)w;
    }
    return 0;
}

/* Bounds of part i when num things are split into parts as evenly as can be, longer ones first. */
static size_t split_at(size_t num, size_t parts, size_t i) {
    size_t rest = num % parts;
    return num / parts * i + (i < rest ? i : rest);
}

/* Means, counts and links of the num local items that windows [first, end) belong to. */
static int load_items(struct dr_linkage *linkage, const struct state *s, size_t first, size_t end,
                      size_t num) {
    if (dr_linkage_init(linkage, num, s->params, s->arena))
        return -1;
    double *mean = dr_arena_zalloc(s->arena, num, DR_EMBEDDING_DIM * sizeof *mean);
    if (!mean)
        return -1;
    memset(linkage->count, 0, num * sizeof *linkage->count);
    for (size_t w = first; w < end; w++) {
        if (s->local[w] == NO_ITEM)
            continue;
        float embedding[DR_EMBEDDING_DIM];
        dr_window_unpack(embedding, s->windows, w);
        double *sum = mean + s->local[w] * (size_t)DR_EMBEDDING_DIM;
        linkage->count[s->local[w]]++;
        for (size_t d = 0; d < DR_EMBEDDING_DIM; d++)
            sum[d] += embedding[d];
    }
    for (size_t i = 0; i < num; i++)
        for (size_t d = 0; d < DR_EMBEDDING_DIM; d++)
            mean[i * DR_EMBEDDING_DIM + d] /= (double)linkage->count[i];
    dr_linkage_set_means(linkage, mean);
    const struct dr_links *links = s->links;
    for (size_t u = first; u < end; u++) {
        size_t room = end - u - 1 < links->band ? end - u - 1 : links->band;
        for (size_t d = 0; d < room; d++) {
            uint32_t i = s->local[u], j = s->local[u + 1 + d];
            if (i != NO_ITEM && j != NO_ITEM && i != j) {
                dr_linkage_add_links(linkage, i, j, links->same[u * links->band + d],
                                     links->diff[u * links->band + d]);
            }
        }
    }
    return 0;
}

/* Items that are their own parent become the new items, in the same order. */
static void take_parents(struct state *s) {
    size_t num = 0;
    for (size_t i = 0; i < s->num_items; i++) {
        /* A parent comes before its children and has its new number already. */
        s->parent[i] = s->parent[i] == i ? (uint32_t)num++ : s->parent[s->parent[i]];
    }
    for (size_t w = 0; w < s->windows->num; w++)
        s->item[w] = s->parent[s->item[w]];
    for (size_t i = 0; i < num; i++)
        s->parent[i] = (uint32_t)i;
    s->num_items = num;
}

/* Links the windows of each block, at threshold + block_rise. */
static int link_blocks(struct dr_cluster_tree *tree, struct state *s) {
    struct dr_arena_mark mark = dr_arena_mark(s->arena);
    for (size_t b = 0; b < tree->num_blocks; b++) {
        size_t first = tree->first_window[b], end = tree->first_window[b + 1];
        for (size_t w = first; w < end; w++)
            s->local[w] = (uint32_t)(w - first);
        struct dr_linkage linkage;
        if (load_items(&linkage, s, first, end, end - first))
            return -1;
        tree->num_block_merges[b] = dr_linkage_run(&linkage, tree->block_merge + first,
                                                   s->params->threshold + s->params->block_rise, 0);
        dr_arena_rewind(s->arena, mark);
    }
    return 0;
}

/* The first level, as far as a threshold goes: what comes after the first pair below it would not
 * have been merged. */
static void cut_blocks(struct state *s, const struct dr_cluster_tree *tree, double threshold) {
    for (size_t b = 0; b < tree->num_blocks; b++) {
        size_t first = tree->first_window[b];
        const struct dr_merge *merge = tree->block_merge + first;
        for (size_t i = 0; i < tree->num_block_merges[b] && merge[i].similarity >= threshold; i++)
            s->parent[first + merge[i].from] = (uint32_t)(first + merge[i].into);
    }
    take_parents(s);
}

/* Links the num chosen items (ascending) at threshold. Merges of items go to merge, in order;
 * returns how many, or SIZE_MAX when there is no memory. */
static size_t link_chosen(struct dr_merge *merge, struct state *s, const uint32_t *chosen,
                          size_t num, double threshold) {
    struct dr_arena_mark mark = dr_arena_mark(s->arena);
    uint32_t *place = dr_arena_alloc(s->arena, s->num_items, sizeof *place);
    if (!place)
        return SIZE_MAX;
    memset(place, 0xff, s->num_items * sizeof *place); /* NO_ITEM */
    for (size_t i = 0; i < num; i++)
        place[chosen[i]] = (uint32_t)i;
    for (size_t w = 0; w < s->windows->num; w++)
        s->local[w] = place[s->item[w]];
    struct dr_linkage linkage;
    if (load_items(&linkage, s, 0, s->windows->num, num))
        return SIZE_MAX;
    size_t num_merges = dr_linkage_run(&linkage, merge, threshold, 0);
    if (s->last_level && s->params->small_drop > 0)
        num_merges += dr_linkage_run(&linkage, merge + num_merges,
                                     threshold - s->params->small_drop, s->params->small_windows);
    for (size_t i = 0; i < num_merges; i++) {
        merge[i].into = chosen[merge[i].into];
        merge[i].from = chosen[merge[i].from];
    }
    dr_arena_rewind(s->arena, mark);
    return num_merges;
}

static void apply_merges(struct state *s, const struct dr_merge *merge, size_t num_merges) {
    for (size_t i = 0; i < num_merges; i++)
        s->parent[merge[i].from] = merge[i].into;
}

/* Levels of blocks of items, at threshold, until the last linkage can take them all or they do not
 * help. */
static int link_levels(struct state *s, struct dr_merge *merge, uint32_t *chosen,
                       double threshold) {
    size_t before = s->num_items * 2;
    while (s->num_items > s->params->level_limit && s->num_items <= before - before / 10) {
        before = s->num_items;
        size_t parts = (before + s->params->block - 1) / s->params->block;
        for (size_t p = 0; p < parts; p++) {
            size_t first = split_at(before, parts, p), end = split_at(before, parts, p + 1);
            for (size_t i = first; i < end; i++)
                chosen[i - first] = (uint32_t)i;
            size_t num_merges = link_chosen(merge, s, chosen, end - first, threshold);
            if (num_merges == SIZE_MAX)
                return -1;
            apply_merges(s, merge, num_merges);
        }
        take_parents(s);
    }
    return 0;
}

struct sized_item {
    size_t size;
    uint32_t item;
};

static int larger_first(const void *a, const void *b) {
    const struct sized_item *x = a, *y = b;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static int lower_first(const void *a, const void *b) {
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* The items of the last linkage, ascending: all, or the level_limit largest. */
static int choose_largest(const struct state *s, uint32_t *chosen, size_t *num) {
    *num = s->num_items;
    for (size_t i = 0; i < s->num_items; i++)
        chosen[i] = (uint32_t)i;
    if (s->num_items <= s->params->level_limit)
        return 0;
    struct dr_arena_mark mark = dr_arena_mark(s->arena);
    struct sized_item *sized = dr_arena_alloc(s->arena, s->num_items, sizeof *sized);
    if (!sized)
        return -1;
    for (size_t i = 0; i < s->num_items; i++)
        sized[i] = (struct sized_item){0, (uint32_t)i};
    for (size_t w = 0; w < s->windows->num; w++)
        sized[s->item[w]].size++;
    qsort(sized, s->num_items, sizeof *sized, larger_first);
    *num = s->params->level_limit;
    for (size_t i = 0; i < *num; i++)
        chosen[i] = sized[i].item;
    qsort(chosen, *num, sizeof *chosen, lower_first);
    dr_arena_rewind(s->arena, mark);
    return 0;
}

/* Everything before the last linkage, with blocks linked at threshold + block_rise, then the last
 * linkage down to lowest, whose merges go to merge. Returns how many, or SIZE_MAX. */
static size_t link_last(struct dr_merge *merge, struct state *s, const struct dr_cluster_tree *tree,
                        double threshold, double lowest) {
    size_t num = 0;
    uint32_t *chosen = dr_arena_alloc(s->arena, s->windows->num, sizeof *chosen);
    if (!chosen)
        return SIZE_MAX;
    cut_blocks(s, tree, threshold + s->params->block_rise);
    if (link_levels(s, merge, chosen, threshold + s->params->block_rise) ||
        choose_largest(s, chosen, &num))
        return SIZE_MAX;
    s->last_level = 1;
    return link_chosen(merge, s, chosen, num, lowest);
}

int dr_cluster_tree_build(struct dr_cluster_tree *out, const struct dr_windows *windows,
                          const struct dr_links *links, const struct dr_cluster_params *params,
                          double lowest, struct dr_arena *arena, diarist_error *err) {
    size_t num = windows->num;
    *out = (struct dr_cluster_tree){
        .num_blocks = num > params->block ? (num + params->block - 1) / params->block : 0,
        .lowest = lowest,
        .highest = num > params->block ? params->threshold + params->block_rise : INFINITY};
    struct dr_cluster_tree *t = out;
    t->first_window = dr_arena_alloc(arena, t->num_blocks + 1, sizeof *t->first_window);
    t->num_block_merges = dr_arena_alloc(arena, t->num_blocks, sizeof *t->num_block_merges);
    t->block_merge = dr_arena_alloc(arena, num, sizeof *t->block_merge);
    t->item = dr_arena_alloc(arena, num, sizeof *t->item);
    t->merge = dr_arena_alloc(arena, num, sizeof *t->merge);
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct state s;
    if (!t->first_window || !t->num_block_merges || !t->block_merge || !t->item || !t->merge ||
        state_init(&s, windows, links, params, arena))
        return dr_fail_memory(err);
    for (size_t b = 0; b <= t->num_blocks && t->num_blocks > 0; b++)
        t->first_window[b] = split_at(num, t->num_blocks, b);
    if (link_blocks(t, &s))
        return dr_fail_memory(err);
    /* Where small clusters go on by themselves, no threshold but its own gives what it merges. */
    if (params->small_drop > 0) {
        t->highest = -INFINITY;
    } else {
        t->num_merges = link_last(t->merge, &s, t, params->threshold, lowest);
        if (t->num_merges == SIZE_MAX)
            return dr_fail_memory(err);
        memcpy(t->item, s.item, num * sizeof *t->item);
        t->num_items = s.num_items;
    }
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}

/* The last linkage of the tree, as far as threshold goes. */
static void cut_last(struct state *s, const struct dr_cluster_tree *tree, double threshold) {
    memcpy(s->item, tree->item, s->windows->num * sizeof *s->item);
    s->num_items = tree->num_items;
    size_t num = 0;
    while (num < tree->num_merges && tree->merge[num].similarity >= threshold)
        num++;
    apply_merges(s, tree->merge, num);
}

int dr_cluster_tree_cut(int32_t *labels, size_t *num_clusters, const struct dr_cluster_tree *tree,
                        const struct dr_windows *windows, const struct dr_links *links,
                        const struct dr_cluster_params *params, double threshold,
                        struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct state s;
    if (state_init(&s, windows, links, params, arena))
        return dr_fail_memory(err);
    if (threshold <= tree->highest) {
        cut_last(&s, tree, threshold);
    } else {
        struct dr_merge *merge = dr_arena_alloc(arena, windows->num, sizeof *merge);
        size_t num_merges = merge ? link_last(merge, &s, tree, threshold, threshold) : SIZE_MAX;
        if (num_merges == SIZE_MAX)
            return dr_fail_memory(err);
        apply_merges(&s, merge, num_merges);
    }
    take_parents(&s);
    for (size_t w = 0; w < windows->num; w++)
        labels[w] = (int32_t)s.item[w];
    *num_clusters = s.num_items;
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}

int dr_cluster_windows(int32_t *labels, size_t *num_clusters, const struct dr_windows *windows,
                       const struct dr_links *links, const struct dr_cluster_params *params,
                       struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct dr_cluster_tree tree;
    int status =
        dr_cluster_tree_build(&tree, windows, links, params, params->threshold, arena, err);
    if (!status)
        status = dr_cluster_tree_cut(labels, num_clusters, &tree, windows, links, params,
                                     params->threshold, arena, err);
    dr_arena_rewind(arena, mark);
    return status;
}
