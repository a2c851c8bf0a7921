/* test_speakers.c - how many speakers, and who each local speaker is.
 * SPDX-License-Identifier: MIT */
#include "clustering/assign.h"
#include "clustering/centroids.h"
#include "clustering/speakers.h"
#include "clustering/upgma.h"

#include "packing.h"
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DIM = DR_EMBEDDING_DIM, CHUNK = DR_CHUNK_FRAMES, Q = DR_LOCAL_SPEAKERS };

struct scene {
    struct dr_windows windows;
    struct dr_links links;
    struct dr_cluster_params params;
    struct dr_arena arena;
    size_t num_samples;
    struct dr_centroids centroids;
    int32_t *speaker;
    float *embedding; /* [windows.num][192] as the windows have them */
};

static void make_scene(struct scene *s, size_t num) {
    *s = (struct scene){.params = dr_cluster_defaults, .num_samples = num * 9600};
    s->windows.num = s->links.num = num;
    s->embedding = dr_arena_alloc(&s->arena, num, DIM * sizeof(float));
}

/* Windows of voices; voice of window w is w % num_voices, spread around it. */
static void add_voices(struct scene *s, const float *voice, size_t num_voices, double spread,
                       uint64_t seed) {
    for (size_t w = 0; w < s->windows.num; w++)
        random_voice(s->embedding + w * DIM, voice + w % num_voices * DIM, spread, &seed);
    s->windows.embedding = pack_embeddings(s->embedding, s->windows.num, &s->arena);
}

static size_t find(struct scene *s, size_t low, size_t high) {
    s->params.min_speakers = low;
    s->params.max_speakers = high;
    assert_int_equal(dr_find_speakers(&s->centroids, &s->speaker, &s->windows, &s->links,
                                      s->num_samples, &s->params, &s->arena, NULL),
                     0);
    return s->centroids.num_speakers;
}

/* Every speaker has a window, a unit centroid along the sum of its windows, and numbers follow
 * first windows. */
static void check_speakers(const struct scene *s) {
    int32_t seen = 0;
    double sum[DIM];
    for (size_t w = 0; w < s->windows.num; w++) {
        assert_in_range(s->speaker[w] + 1, 0, seen + 1);
        seen = s->speaker[w] == seen ? seen + 1 : seen;
    }
    assert_int_equal(seen, s->centroids.num_speakers);
    for (size_t k = 0; k < s->centroids.num_speakers; k++) {
        const float *centroid = s->centroids.centroid + k * DIM;
        double length = 0, squares = 0;
        memset(sum, 0, sizeof sum);
        for (size_t w = 0; w < s->windows.num; w++)
            for (size_t d = 0; d < DIM && s->speaker[w] == (int32_t)k; d++)
                sum[d] += s->embedding[w * DIM + d];
        for (size_t d = 0; d < DIM; d++) {
            length += sum[d] * sum[d];
            squares += (double)centroid[d] * centroid[d];
        }
        assert_true(fabs(squares - 1) < 1e-5);
        for (size_t d = 0; d < DIM; d++)
            assert_true(fabs(centroid[d] - sum[d] / sqrt(length)) < 1e-5);
    }
}

static void asking_for_the_found_number_changes_nothing(void **state) {
    (void)state;
    const size_t nums[] = {2, 37, 150, 700, 1300};
    for (size_t i = 0; i < sizeof nums / sizeof nums[0]; i++) {
        struct scene s;
        uint64_t seed = 7 + i;
        float voice[4][DIM];
        make_scene(&s, nums[i]);
        for (size_t k = 0; k < 4; k++)
            random_voice(voice[k], k ? voice[0] : NULL, k ? 1.2 : 1, &seed);
        add_voices(&s, voice[0], 4, 0.9, seed);
        size_t num = find(&s, 0, 0);
        check_speakers(&s);
        const float *centroid = s.centroids.centroid;
        const int32_t *speaker = s.speaker;
        const size_t bounds[][2] = {{num, num}, {1, 0}, {0, num}, {num, num + 3}, {1, num}};
        for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++) {
            assert_int_equal(find(&s, bounds[b][0], bounds[b][1]), num);
            assert_memory_equal(s.centroids.centroid, centroid, num * DIM * sizeof *centroid);
            assert_memory_equal(s.speaker, speaker, nums[i] * sizeof *speaker);
        }
        dr_arena_free(&s.arena);
    }
}

static void every_possible_number_is_met(void **state) {
    (void)state;
    struct scene s;
    uint64_t seed = 3;
    float voice[3][DIM];
    for (size_t k = 0; k < 3; k++)
        random_voice(voice[k], NULL, 1, &seed);
    make_scene(&s, 40);
    add_voices(&s, voice[0], 3, 0.7, seed);
    assert_int_equal(find(&s, 0, 0), 3);
    for (size_t want = 1; want <= 45; want++) {
        assert_int_equal(find(&s, want, want), want < 40 ? want : 40);
        check_speakers(&s);
    }
    assert_in_range(find(&s, 5, 0), 5, 40);
    assert_in_range(find(&s, 0, 2), 1, 2);
    dr_arena_free(&s.arena);
}

/* Two pairs of similar voices: told apart at the default threshold, pairs at a lower one. */
static void another_threshold_finds_the_natural_groups(void **state) {
    (void)state;
    struct scene s;
    float voice[4][DIM] = {{0}};
    const float near = 0.68f, apart = 0.733212f; /* 0.68^2 = 0.46 in common within a pair */
    for (int k = 0; k < 4; k++) {
        voice[k][k / 2] = near;
        voice[k][2 + k] = apart;
    }
    make_scene(&s, 80);
    add_voices(&s, voice[0], 4, 0.2, 11);
    assert_int_equal(find(&s, 0, 0), 4);
    assert_int_equal(find(&s, 2, 2), 2);
    for (size_t w = 0; w < 80; w++)
        assert_int_equal(s.speaker[w], w % 4 / 2);
    assert_int_equal(find(&s, 4, 4), 4);
    for (size_t w = 0; w < 80; w++)
        assert_int_equal(s.speaker[w], w % 4);
    dr_arena_free(&s.arena);
}

static void equal_windows_can_be_split(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s, 5);
    for (size_t w = 0; w < 5; w++)
        for (size_t d = 0; d < DIM; d++)
            s.embedding[w * DIM + d] = d == 3;
    s.windows.embedding = pack_embeddings(s.embedding, 5, &s.arena);
    for (size_t want = 1; want <= 6; want++)
        assert_int_equal(find(&s, want, want), want < 5 ? want : 5);
    dr_arena_free(&s.arena);
}

static void no_windows_no_speakers(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s, 0);
    assert_int_equal(find(&s, 3, 3), 0);
    dr_arena_free(&s.arena);
}

static void small_clusters_are_no_speakers(void **state) {
    (void)state;
    const struct dr_cluster_params *params = &dr_cluster_defaults;
    int32_t speaker[3];
    /* 100 windows, 60 s: 2 s would be asked for, but 3 % of 60 s is 1.8 s, three windows. */
    size_t few[3] = {95, 2, 3};
    assert_int_equal(dr_centroids_keep(speaker, few, 3, 100, 60 * 16000, params), 2);
    assert_int_equal(speaker[0], 0);
    assert_int_equal(speaker[1], -1);
    assert_int_equal(speaker[2], 1);
    /* An hour of 5000 windows: 0.5 % of 3600 s is 18 s, 30 windows. */
    size_t many[3] = {4940, 29, 31};
    assert_int_equal(dr_centroids_keep(speaker, many, 3, 5000, 3600 * 16000, params), 2);
    assert_int_equal(speaker[1], -1);
    assert_int_equal(speaker[2], 1);
    /* An hour with 100 windows of speech: 3 % of 60 s again. */
    assert_int_equal(dr_centroids_keep(speaker, few, 3, 100, 3600 * 16000, params), 2);
    /* None is large enough: the largest, of equals the first. */
    struct dr_cluster_params strict = *params;
    strict.min_speaker_share = 0.9;
    strict.min_speaker_s = 1000;
    size_t equal[3] = {2, 3, 3};
    assert_int_equal(dr_centroids_keep(speaker, equal, 3, 8, 16000 * 5, &strict), 1);
    assert_int_equal(speaker[1], 0);
    assert_int_equal(speaker[2], -1);
}

/* The joint value of an assignment, by its definition. */
static double joint_value(const uint8_t *active, double cosine[Q][4], const int32_t *who) {
    double value = 0, weight[Q];
    for (int q = 0; q < Q; q++) {
        double frames = 0;
        for (int f = 0; f < CHUNK; f++)
            frames += active[f] >> q & 1;
        weight[q] = sqrt(fmin(frames * 270 / 16000, 4) / 4);
        value += who[q] < 0 ? 0 : cosine[q][who[q]] * weight[q];
    }
    for (int q = 0; q < Q; q++)
        for (int r = q + 1; r < Q; r++) {
            double both = 0;
            for (int f = 0; f < CHUNK; f++)
                both += (active[f] >> q & 1) && (active[f] >> r & 1);
            if (who[q] >= 0 && who[q] == who[r])
                value -= (both * 270 / 16000 > 0.2 ? 0.4 : 0.1) * fmin(weight[q], weight[r]);
        }
    return value;
}

static void assignment_is_the_best_of_all(void **state) {
    (void)state;
    enum { CHUNKS = 40, K = 4 };
    struct dr_arena arena = {0};
    uint64_t seed = 5;
    uint8_t *active = dr_arena_zalloc(&arena, CHUNKS, CHUNK);
    struct dr_segmentation segmentation = {.num_chunks = CHUNKS, .step = 32000, .active = active};
    float *values = dr_arena_zalloc(&arena, CHUNKS, Q * DIM * sizeof *values);
    struct dr_local_embeddings local = {.has = dr_arena_zalloc(&arena, CHUNKS, Q)};
    struct dr_centroids centroids = {K, dr_arena_alloc(&arena, K, DIM * sizeof(float))};
    for (size_t k = 0; k < K; k++)
        random_voice(centroids.centroid + k * DIM, k ? centroids.centroid : NULL, 0.8, &seed);
    for (size_t c = 0; c < CHUNKS; c++)
        for (size_t q = 0; q < Q; q++) {
            size_t first = random_below(&seed, CHUNK), num = random_below(&seed, CHUNK) * (c > 0);
            for (size_t f = first; f < first + num && f < CHUNK; f++)
                active[c * CHUNK + f] |= (uint8_t)(1 << q);
            if (random_uniform(&seed) < 0.8) {
                float *embedding = values + (c * Q + q) * DIM;
                random_voice(embedding, centroids.centroid + random_below(&seed, K) * DIM, 1,
                             &seed);
                for (size_t d = 0; d < DIM; d++)
                    embedding[d] *= 7; /* not normalised */
                local.has[c * Q + q] = 1;
            }
        }
    local.embedding = pack_embeddings(values, (size_t)CHUNKS * Q, &arena);
    int32_t assign[CHUNKS][Q];
    assert_int_equal(dr_assign_local_speakers(assign[0], &segmentation, &local, &centroids,
                                              &dr_cluster_defaults, &arena, NULL),
                     0);
    for (size_t c = 0; c < CHUNKS; c++) {
        double cosine[Q][4] = {{0}}, best = -INFINITY;
        int32_t low[Q], who[Q];
        for (size_t q = 0; q < Q; q++) {
            int any = 0;
            for (size_t f = 0; f < CHUNK; f++)
                any |= active[c * CHUNK + f] >> q & 1;
            assert_int_equal(assign[c][q] == DR_NOBODY, !any);
            low[q] = any ? 0 : DR_NOBODY;
            const float *x = values + (c * Q + q) * DIM;
            double squares = 0;
            for (size_t d = 0; d < DIM; d++)
                squares += (double)x[d] * x[d];
            for (size_t k = 0; k < K && local.has[c * Q + q]; k++)
                for (size_t d = 0; d < DIM; d++)
                    cosine[q][k] += x[d] / sqrt(squares) * centroids.centroid[k * DIM + d];
        }
        for (who[0] = low[0]; who[0] < (low[0] < 0 ? -1 : K); who[0]++)
            for (who[1] = low[1]; who[1] < (low[1] < 0 ? -1 : K); who[1]++)
                for (who[2] = low[2]; who[2] < (low[2] < 0 ? -1 : K); who[2]++)
                    best = fmax(best, joint_value(active + c * CHUNK, cosine, who));
        assert_true(fabs(joint_value(active + c * CHUNK, cosine, assign[c]) - best) < 1e-5);
    }
    dr_arena_free(&arena);
}

static void without_centroids_all_are_one(void **state) {
    (void)state;
    struct dr_arena arena = {0};
    uint8_t active[CHUNK] = {0};
    active[100] = 5;
    struct dr_segmentation segmentation = {.num_chunks = 1, .step = 32000, .active = active};
    struct dr_local_embeddings local = {0};
    struct dr_centroids none = {0};
    int32_t assign[Q];
    assert_int_equal(dr_assign_local_speakers(assign, &segmentation, &local, &none,
                                              &dr_cluster_defaults, &arena, NULL),
                     0);
    assert_int_equal(assign[0], 0);
    assert_int_equal(assign[1], DR_NOBODY);
    assert_int_equal(assign[2], 0);
    dr_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asking_for_the_found_number_changes_nothing),
        cmocka_unit_test(every_possible_number_is_met),
        cmocka_unit_test(another_threshold_finds_the_natural_groups),
        cmocka_unit_test(equal_windows_can_be_split),
        cmocka_unit_test(no_windows_no_speakers),
        cmocka_unit_test(small_clusters_are_no_speakers),
        cmocka_unit_test(assignment_is_the_best_of_all),
        cmocka_unit_test(without_centroids_all_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
