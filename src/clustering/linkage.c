/* linkage.c - average linkage of a few thousand items, with cannot-link penalties.
 * SPDX-License-Identifier: MIT
 *
 * Every item remembers its most similar later item, so a merge costs one pass over the items plus a
 * new search for the few whose nearest was one of the two. Dots of merged clusters follow from the
 * old ones (Lance and Williams): mean of A + B times C = (|A| A.C + |B| B.C) / (|A| + |B|). */
#include "clustering/linkage.h"

#include "types.h"

#include <math.h>
#include <string.h>

/* Of a pair i < j. */
static size_t pair_at(size_t num, size_t i, size_t j) {
    return i * (2 * num - i - 1) / 2 + (j - i - 1);
}

static size_t any_pair_at(size_t num, size_t i, size_t j) {
    return i < j ? pair_at(num, i, j) : pair_at(num, j, i);
}

int dr_linkage_init(struct dr_linkage *linkage, size_t num, const struct dr_cluster_params *params,
                    struct dr_arena *arena) {
    size_t pairs = num < 2 ? 1 : num * (num - 1) / 2;
    *linkage = (struct dr_linkage){.num = num,
                                   .link_weight = params->link_weight,
                                   .link_prior = params->link_prior,
                                   .dot = dr_arena_alloc(arena, pairs, sizeof(double)),
                                   .same = dr_arena_zalloc(arena, pairs, sizeof(uint32_t)),
                                   .diff = dr_arena_zalloc(arena, pairs, sizeof(uint32_t)),
                                   .count = dr_arena_alloc(arena, num, sizeof(size_t)),
                                   .alive = dr_arena_alloc(arena, num, 1),
                                   .nearest = dr_arena_alloc(arena, num, sizeof(uint32_t)),
                                   .similarity = dr_arena_alloc(arena, num, sizeof(double))};
    if (!linkage->dot || !linkage->same || !linkage->diff || !linkage->count || !linkage->alive ||
        !linkage->nearest || !linkage->similarity)
        return -1;
    memset(linkage->alive, 1, num);
    for (size_t i = 0; i < num; i++)
        linkage->count[i] = 1;
    return 0;
}

/* Eight sums side by side, in a fixed order. */
static double dot_of(const double *a, const double *b) {
    double sum[8] = {0};
    for (size_t d = 0; d < DR_EMBEDDING_DIM; d += 8)
        for (size_t k = 0; k < 8; k++)
            sum[k] += a[d + k] * b[d + k];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

void dr_linkage_set_means(struct dr_linkage *linkage, const double *mean) {
    double *dot = linkage->dot;
    for (size_t i = 0; i < linkage->num; i++)
        for (size_t j = i + 1; j < linkage->num; j++)
            *dot++ = dot_of(mean + i * DR_EMBEDDING_DIM, mean + j * DR_EMBEDDING_DIM);
}

void dr_linkage_add_links(struct dr_linkage *linkage, size_t i, size_t j, uint32_t same,
                          uint32_t diff) {
    size_t at = any_pair_at(linkage->num, i, j);
    linkage->same[at] += same;
    linkage->diff[at] += diff;
}

static double similarity_at(const struct dr_linkage *l, size_t at) {
    double same = l->same[at], diff = l->diff[at];
    if (diff <= same)
        return l->dot[at];
    return l->dot[at] + l->link_weight * (same - diff) / (same + diff + l->link_prior);
}

/* Whether the pair may be merged at all. */
static int may_merge(const struct dr_linkage *l, size_t i, size_t j, size_t small_windows) {
    return small_windows == 0 || l->count[i] < small_windows || l->count[j] < small_windows;
}

static void find_nearest(struct dr_linkage *l, size_t i, size_t small_windows) {
    size_t row = pair_at(l->num, i, i + 1);
    l->nearest[i] = (uint32_t)l->num;
    l->similarity[i] = -INFINITY;
    for (size_t j = i + 1; j < l->num; j++) {
        if (!l->alive[j] || !may_merge(l, i, j, small_windows))
            continue;
        double similarity = similarity_at(l, row + (j - i - 1));
        if (similarity > l->similarity[i]) {
            l->similarity[i] = similarity;
            l->nearest[i] = (uint32_t)j;
        }
    }
}

static void merge_pair(struct dr_linkage *l, size_t i, size_t j) {
    double count_i = (double)l->count[i], count_j = (double)l->count[j];
    for (size_t k = 0; k < l->num; k++) {
        if (!l->alive[k] || k == i || k == j)
            continue;
        size_t to = any_pair_at(l->num, i, k), from = any_pair_at(l->num, j, k);
        l->dot[to] = (l->dot[to] * count_i + l->dot[from] * count_j) / (count_i + count_j);
        l->same[to] += l->same[from];
        l->diff[to] += l->diff[from];
    }
    l->count[i] += l->count[j];
    l->alive[j] = 0;
}

/* After j has become part of i < j: items later than j have neither among their candidates. */
static void update_nearest(struct dr_linkage *l, size_t i, size_t j, size_t small_windows) {
    for (size_t k = 0; k < i; k++) {
        if (!l->alive[k])
            continue;
        int was_nearest = l->nearest[k] == i || l->nearest[k] == j;
        double similarity = similarity_at(l, pair_at(l->num, k, i));
        int beats = similarity > l->similarity[k] ||
                    (similarity == l->similarity[k] && (was_nearest || i < l->nearest[k]));
        if (beats && may_merge(l, k, i, small_windows)) {
            l->similarity[k] = similarity;
            l->nearest[k] = (uint32_t)i;
        } else if (was_nearest) {
            find_nearest(l, k, small_windows);
        }
    }
    find_nearest(l, i, small_windows);
    for (size_t k = i + 1; k < j; k++)
        if (l->alive[k] && l->nearest[k] == j)
            find_nearest(l, k, small_windows);
}

size_t dr_linkage_run(struct dr_linkage *linkage, struct dr_merge *merge, double threshold,
                      size_t small_windows) {
    struct dr_linkage *l = linkage;
    size_t num_merges = 0;
    for (size_t i = 0; i < l->num; i++)
        if (l->alive[i])
            find_nearest(l, i, small_windows);
    for (;;) {
        size_t best = l->num;
        for (size_t i = 0; i < l->num; i++)
            if (l->alive[i] && l->nearest[i] < l->num &&
                (best == l->num || l->similarity[i] > l->similarity[best]))
                best = i;
        if (best == l->num || l->similarity[best] < threshold)
            return num_merges;
        merge[num_merges++] = (struct dr_merge){
            .into = (uint32_t)best, .from = l->nearest[best], .similarity = l->similarity[best]};
        size_t from = l->nearest[best];
        merge_pair(l, best, from);
        update_nearest(l, best, from, small_windows);
    }
}
