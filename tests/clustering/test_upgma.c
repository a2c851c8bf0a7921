/* test_upgma.c - linkage against its definition, in double and by brute force.
 * SPDX-License-Identifier: MIT */
#include "clustering/upgma.h"

#include "packing.h"
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DIM = DR_EMBEDDING_DIM };

/* A made-up recording: windows of some voices, and links near the diagonal. */
struct scene {
    struct dr_windows windows;
    struct dr_links links;
    struct dr_cluster_params params;
    struct dr_arena arena;
    float *embedding; /* [windows.num][192] as the windows have them */
};

static void make_scene(struct scene *s, size_t num, size_t num_voices, double spread,
                       uint64_t seed) {
    *s = (struct scene){.params = dr_cluster_defaults};
    s->windows.num = s->links.num = num;
    s->links.band = 15;
    s->embedding = dr_arena_alloc(&s->arena, num, DIM * sizeof(float));
    s->links.same = dr_arena_zalloc(&s->arena, num * s->links.band, sizeof(uint16_t));
    s->links.diff = dr_arena_zalloc(&s->arena, num * s->links.band, sizeof(uint16_t));
    float *voice = dr_arena_alloc(&s->arena, num_voices, DIM * sizeof(float));
    float common[DIM];
    random_voice(common, NULL, 1, &seed);
    for (size_t k = 0; k < num_voices; k++)
        random_voice(voice + k * DIM, common, 1.3, &seed);
    size_t k = 0;
    for (size_t w = 0; w < num; w++) {
        k = random_uniform(&seed) < 0.2 ? random_below(&seed, num_voices) : k;
        random_voice(s->embedding + w * DIM, voice + k * DIM, spread, &seed);
        for (size_t d = 0; d < s->links.band; d++)
            if (random_uniform(&seed) < 0.3) {
                s->links.same[w * s->links.band + d] = (uint16_t)random_below(&seed, 6);
                s->links.diff[w * s->links.band + d] = (uint16_t)random_below(&seed, 20);
            }
    }
    s->windows.embedding = pack_embeddings(s->embedding, num, &s->arena);
}

/* Sums over all pairs of points of two items, and their links. */
struct naive_pair {
    double dots, same, diff;
};

/* Merges items of label (ascending subset `in`) while the best pair reaches threshold, by
 * definition. small > 0: only pairs whose smaller cluster has fewer windows. */
static void naive_link(const struct scene *s, int32_t *label, const uint8_t *in, size_t num_items,
                       double threshold, size_t small) {
    struct naive_pair *pair = calloc(num_items * num_items, sizeof *pair);
    double *count = calloc(num_items, sizeof *count);
    assert_non_null(pair);
    assert_non_null(count);
    size_t num = s->windows.num, band = s->links.band;
    for (size_t u = 0; u < num; u++) {
        count[label[u]]++;
        for (size_t v = 0; v < num; v++) {
            struct naive_pair *p = &pair[(size_t)label[u] * num_items + (size_t)label[v]];
            if (label[u] == label[v] || !in[label[u]] || !in[label[v]])
                continue;
            for (size_t d = 0; d < DIM; d++)
                p->dots += (double)s->embedding[u * DIM + d] * s->embedding[v * DIM + d];
            size_t low = u < v ? u : v, apart = u < v ? v - u : u - v;
            if (apart <= band) {
                p->same += s->links.same[low * band + apart - 1];
                p->diff += s->links.diff[low * band + apart - 1];
            }
        }
    }
    for (;;) {
        size_t best_i = 0, best_j = 0;
        double best = threshold;
        for (size_t i = 0; i < num_items; i++)
            for (size_t j = i + 1; j < num_items; j++) {
                const struct naive_pair *p = &pair[i * num_items + j];
                if (!in[i] || !in[j] || count[i] == 0 || count[j] == 0 ||
                    (small > 0 && fmin(count[i], count[j]) >= (double)small))
                    continue;
                double value = p->dots / (count[i] * count[j]) -
                               s->params.link_weight * fmax(0, p->diff - p->same) /
                                   (p->diff + p->same + s->params.link_prior);
                if (value > best || (value == best && best_j == 0)) {
                    best = value;
                    best_i = i;
                    best_j = j;
                }
            }
        if (best_j == 0)
            break;
        for (size_t k = 0; k < num_items; k++) {
            struct naive_pair *to = &pair[best_i * num_items + k];
            const struct naive_pair *from = &pair[best_j * num_items + k];
            to->dots += from->dots;
            to->same += from->same;
            to->diff += from->diff;
            pair[k * num_items + best_i] = *to;
        }
        count[best_i] += count[best_j];
        count[best_j] = 0;
        for (size_t w = 0; w < num; w++)
            if (label[w] == (int32_t)best_j)
                label[w] = (int32_t)best_i;
    }
    free(pair);
    free(count);
}

/* Numbers labels by first window. */
static size_t renumber(int32_t *label, size_t num) {
    int32_t *number = malloc((num + 1) * sizeof *number);
    assert_non_null(number);
    memset(number, 0xff, (num + 1) * sizeof *number);
    int32_t next = 0;
    for (size_t w = 0; w < num; w++) {
        if (number[label[w]] < 0)
            number[label[w]] = next++;
        label[w] = number[label[w]];
    }
    free(number);
    return (size_t)next;
}

static size_t split_at(size_t num, size_t parts, size_t i) {
    size_t at = 0; /* numpy.array_split: the first num % parts are one longer */
    for (size_t p = 0; p < i; p++)
        at += num / parts + (p < num % parts);
    return at;
}

/* Links items in equal blocks of at most params.block. */
static size_t naive_level(const struct scene *s, int32_t *label, size_t num_items) {
    size_t parts = (num_items + s->params.block - 1) / s->params.block;
    uint8_t *in = malloc(num_items);
    assert_non_null(in);
    for (size_t p = 0; p < parts; p++) {
        memset(in, 0, num_items);
        for (size_t i = split_at(num_items, parts, p); i < split_at(num_items, parts, p + 1); i++)
            in[i] = 1;
        naive_link(s, label, in, num_items, s->params.threshold + s->params.block_rise, 0);
    }
    free(in);
    return renumber(label, s->windows.num);
}

/* Blocks at threshold + block_rise, the last linkage at last. */
static size_t naive_cluster(const struct scene *s, int32_t *label, double last) {
    size_t num = s->windows.num, num_items = num;
    for (size_t w = 0; w < num; w++)
        label[w] = (int32_t)w;
    if (num > s->params.block)
        num_items = naive_level(s, label, num_items);
    while (num_items > s->params.level_limit) {
        size_t before = num_items;
        num_items = naive_level(s, label, num_items);
        if (num_items > before - before / 10)
            break;
    }
    uint8_t *in = malloc(num);
    size_t *size = calloc(num, sizeof *size);
    assert_non_null(in);
    assert_non_null(size);
    for (size_t w = 0; w < num; w++)
        size[label[w]]++;
    for (size_t i = 0; i < num_items; i++) {
        size_t larger = 0;
        for (size_t j = 0; j < num_items; j++)
            larger += size[j] > size[i] || (size[j] == size[i] && j < i);
        in[i] = larger < s->params.level_limit;
    }
    naive_link(s, label, in, num_items, last, 0);
    if (s->params.small_drop > 0)
        naive_link(s, label, in, num_items, last - s->params.small_drop, s->params.small_windows);
    free(in);
    free(size);
    return renumber(label, num);
}

static void assert_same_clusters(struct scene *s, size_t at_least, size_t at_most) {
    size_t num = s->windows.num, num_clusters;
    int32_t *want = dr_arena_alloc(&s->arena, num, sizeof *want);
    int32_t *mine = dr_arena_alloc(&s->arena, num, sizeof *mine);
    size_t num_want = naive_cluster(s, want, s->params.threshold);
    assert_in_range(num_want, at_least, at_most);
    assert_int_equal(dr_cluster_windows(mine, &num_clusters, &s->windows, &s->links, &s->params,
                                        &s->arena, NULL),
                     0);
    assert_int_equal(num_clusters, num_want);
    for (size_t w = 0; w < num; w++)
        assert_int_equal(mine[w], want[w]);
    dr_arena_free(&s->arena);
}

static void one_linkage_equals_definition(void **state) {
    (void)state;
    struct scene s;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        make_scene(&s, 20 + 13 * (size_t)seed, 4, 0.6 + 0.1 * (double)seed, seed);
        assert_same_clusters(&s, 2, 176);
    }
    make_scene(&s, 1, 1, 1, 1);
    assert_same_clusters(&s, 1, 1);
    make_scene(&s, 2, 1, 0.1, 2);
    assert_same_clusters(&s, 1, 1);
}

/* Windows 0 and 1 are alike but kept apart; 2 brings the evidence that they are one. */
static void evidence_can_bring_clusters_closer(void **state) {
    (void)state;
    static const float voice[4][4] = {
        {1, 0, 0, 0}, {0.9f, 0.436f, 0, 0}, {0.4f, 0.321f, 0.858f, 0}, {0.45f, 0, 0, 0.893f}};
    struct scene s;
    make_scene(&s, 4, 1, 1, 1);
    memset(s.embedding, 0, 4 * DIM * sizeof(float));
    memset(s.links.same, 0, 4 * s.links.band * sizeof(uint16_t));
    memset(s.links.diff, 0, 4 * s.links.band * sizeof(uint16_t));
    for (size_t w = 0; w < 4; w++)
        memcpy(s.embedding + w * DIM, voice[w], sizeof voice[w]);
    s.windows.embedding = pack_embeddings(s.embedding, 4, &s.arena);
    s.links.diff[0] = 100;
    s.links.same[1] = 1000;
    s.params.link_weight = 1;
    s.params.link_prior = 1;
    s.params.threshold = 0.47;
    assert_same_clusters(&s, 2, 2);
}

static void blocks_equal_definition(void **state) {
    (void)state;
    struct scene s;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        make_scene(&s, 287, 5, 0.95, seed);
        s.params.block = 60;
        assert_same_clusters(&s, 4, 100);
    }
}

static void further_levels_equal_definition(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s, 287, 5, 0.8, 4);
    s.params.block = 30;
    s.params.level_limit = 40;
    assert_same_clusters(&s, 4, 200);
    make_scene(&s, 200, 100, 1.3, 5); /* nothing to merge: only the largest are linked at last */
    s.params.block = 30;
    s.params.level_limit = 20;
    assert_same_clusters(&s, 40, 200);
}

static void small_clusters_go_on(void **state) {
    (void)state;
    struct scene s;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        make_scene(&s, 150, 5, 1, seed);
        s.params.threshold = 0.51;
        s.params.small_drop = 0.04;
        assert_same_clusters(&s, 2, 100);
    }
}

static void cut_at(struct scene *s, const struct dr_cluster_tree *tree, double threshold,
                   int32_t *label) {
    size_t num_clusters;
    assert_int_equal(dr_cluster_tree_cut(label, &num_clusters, tree, &s->windows, &s->links,
                                         &s->params, threshold, &s->arena, NULL),
                     0);
}

/* One tree gives what a linkage that stops at the threshold gives; the blocks' own threshold only
 * rises when it must. */
static void cuts_equal_definition(void **state) {
    (void)state;
    for (size_t block = 60; block <= 300; block += 240) {
        struct scene s;
        make_scene(&s, 200, 5, 0.95, 9);
        s.params.block = block;
        struct dr_cluster_tree tree;
        assert_int_equal(
            dr_cluster_tree_build(&tree, &s.windows, &s.links, &s.params, 0.3, &s.arena, NULL), 0);
        int32_t *mine = dr_arena_alloc(&s.arena, s.windows.num, sizeof *mine);
        int32_t *want = dr_arena_alloc(&s.arena, s.windows.num, sizeof *want);
        for (double threshold = 0.32; threshold < 0.8; threshold += 0.05) {
            cut_at(&s, &tree, threshold, mine);
            struct scene own = s;
            own.params.threshold = threshold > 0.56 ? threshold : s.params.threshold;
            naive_cluster(&own, want, threshold);
            assert_memory_equal(mine, want, s.windows.num * sizeof *mine);
        }
        dr_arena_free(&s.arena);
    }
}

/* Equal windows: the first pair is merged first, and nothing goes wrong. */
static void equal_windows_are_one_cluster(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s, 50, 1, 1, 3);
    memset(s.links.diff, 0, s.links.num * s.links.band * sizeof(uint16_t));
    for (size_t w = 1; w < 50; w++)
        s.windows.embedding[w] = s.windows.embedding[0];
    int32_t label[50];
    size_t num_clusters;
    assert_int_equal(
        dr_cluster_windows(label, &num_clusters, &s.windows, &s.links, &s.params, &s.arena, NULL),
        0);
    assert_int_equal(num_clusters, 1);
    dr_arena_free(&s.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_linkage_equals_definition),
        cmocka_unit_test(evidence_can_bring_clusters_closer),
        cmocka_unit_test(blocks_equal_definition),
        cmocka_unit_test(further_levels_equal_definition),
        cmocka_unit_test(small_clusters_go_on),
        cmocka_unit_test(cuts_equal_definition),
        cmocka_unit_test(equal_windows_are_one_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
