/* test_community1.c - the steps of community-1's clustering against their definitions.
 * SPDX-License-Identifier: MIT
 *
 * Every block of memory goes through the test (--wrap), which counts it and lets it fail. */
#define _GNU_SOURCE
#include "clustering/assign.h"
#include "clustering/centroid_linkage.h"
#include "clustering/community1.h"
#include "clustering/constrained_assignment.h"
#include "clustering/kmeans.h"
#include "clustering/mersenne.h"

#include "random.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { IN = DR_XVECTOR_DIM, OUT = DR_PLDA_DIM, Q = DR_LOCAL_SPEAKERS, CHUNK = DR_CHUNK_FRAMES };

static struct dr_arena arena;
static size_t live, peak;       /* bytes */
static long until_failure = -1; /* blocks that can still be had; negative: all */

int __real_posix_memalign(void **p, size_t align, size_t size);
void __real_free(void *p);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
void __wrap_free(void *p);

int __wrap_posix_memalign(void **p, size_t align, size_t size) {
    if (until_failure == 0)
        return ENOMEM;
    until_failure -= until_failure > 0;
    int failed = __real_posix_memalign(p, align, size);
    live += failed ? 0 : malloc_usable_size(*p);
    peak = live > peak ? live : peak;
    return failed;
}

/* Blocks of other kinds are freed here too: only what was counted may be taken off. */
void __wrap_free(void *p) {
    size_t size = p ? malloc_usable_size(p) : 0;
    live -= size < live ? size : live;
    __real_free(p);
}

static int free_arena(void **state) {
    (void)state;
    dr_arena_free(&arena);
    return 0;
}

static double *random_points(size_t num, size_t num_voices, double spread, uint64_t *seed) {
    double *points = dr_arena_alloc(&arena, num, IN * sizeof *points);
    double *voices = dr_arena_alloc(&arena, num_voices, IN * sizeof *voices);
    for (size_t i = 0; i < num_voices * IN; i++)
        voices[i] = random_normal(seed);
    for (size_t i = 0; i < num; i++) {
        const double *voice = voices + random_below(seed, num_voices) * IN;
        for (size_t d = 0; d < IN; d++)
            points[i * IN + d] = (voice[d] + spread * random_normal(seed)) / 16;
    }
    return points;
}

static double distance(const double *a, const double *b) {
    double squares = 0;
    for (size_t d = 0; d < IN; d++)
        squares += (a[d] - b[d]) * (a[d] - b[d]);
    return sqrt(squares);
}

/* The definition: means of all points below each node, all pairs compared, the nearest merged. */
static void naive_linkage(struct dr_dendrogram_merge *merge, const double *points, size_t num) {
    double *mean = dr_arena_zalloc(&arena, 2 * num, IN * sizeof *mean);
    uint8_t *in = dr_arena_zalloc(&arena, 2 * num * num, 1),
            *used = dr_arena_zalloc(&arena, num, 2);
    memcpy(mean, points, num * IN * sizeof *mean);
    for (size_t i = 0; i < num; i++)
        in[i * num + i] = 1;
    for (size_t made = num; made < 2 * num - 1; made++) {
        struct dr_dendrogram_merge best = {.distance = INFINITY};
        for (uint32_t a = 0; a < made; a++)
            for (uint32_t b = a + 1; b < made && !used[a]; b++)
                if (!used[b] && distance(mean + a * IN, mean + b * IN) < best.distance)
                    best =
                        (struct dr_dendrogram_merge){a, b, distance(mean + a * IN, mean + b * IN)};
        double size = 0;
        used[best.left] = used[best.right] = 1;
        for (size_t i = 0; i < num; i++) {
            in[made * num + i] = in[best.left * num + i] | in[best.right * num + i];
            size += in[made * num + i];
            for (size_t d = 0; d < IN && in[made * num + i]; d++)
                mean[made * IN + d] += points[i * IN + d];
        }
        for (size_t d = 0; d < IN; d++)
            mean[made * IN + d] /= size;
        merge[made - num] = best;
    }
}

static void linkage_is_by_definition(void **state) {
    uint64_t seed = 1;
    (void)state;
    for (size_t num = 1; num < 40; num += num < 8 ? 1 : 11) {
        double *points = random_points(num, 5, 0.8, &seed);
        struct dr_dendrogram_merge *want = dr_arena_alloc(&arena, num, sizeof *want);
        struct dr_dendrogram_merge *merge = dr_arena_alloc(&arena, num, sizeof *merge);
        naive_linkage(want, points, num);
        assert_int_equal(dr_centroid_linkage(merge, points, num, &arena, NULL), 0);
        for (size_t i = 0; i + 1 < num; i++) {
            assert_int_equal(merge[i].left, want[i].left);
            assert_int_equal(merge[i].right, want[i].right);
            assert_true(fabs(merge[i].distance - want[i].distance) < 1e-12);
        }
    }
}

/* A merge below the threshold joins nothing when there is one above it in its subtree. */
static void cut_goes_by_the_greatest_distance(void **state) {
    static const struct dr_dendrogram_merge merge[] = {{1, 3, 0.2},  /* node 5 */
                                                       {0, 5, 0.7},  /* 6 */
                                                       {2, 6, 0.5},  /* 7: nearer than 6 */
                                                       {4, 7, 0.9}}; /* 8 */
    static const int32_t none[] = {1, 0, 2, 0, 3}, low[] = {0, 0, 0, 0, 1}, all[5] = {0};
    int32_t label[5];
    size_t num_clusters;
    (void)state;
    assert_int_equal(dr_dendrogram_cut(label, &num_clusters, merge, 5, 0.6, &arena, NULL), 0);
    assert_int_equal(num_clusters, 4);
    assert_memory_equal(label, none, sizeof label);
    assert_int_equal(dr_dendrogram_cut(label, &num_clusters, merge, 5, 0.7, &arena, NULL), 0);
    assert_int_equal(num_clusters, 2);
    assert_memory_equal(label, low, sizeof label);
    assert_int_equal(dr_dendrogram_cut(label, &num_clusters, merge, 5, 1, &arena, NULL), 0);
    assert_int_equal(num_clusters, 1);
    assert_memory_equal(label, all, sizeof label);
    assert_int_equal(dr_dendrogram_cut(label, &num_clusters, merge, 1, 1, &arena, NULL), 0);
    assert_int_equal(num_clusters, 1);
    assert_int_equal(label[0], 0);
}

/* Greatest sum of one-to-one choices, min(3, num_speakers) of them: all are tried. */
static double best_sum(const double *score, size_t num_speakers, size_t q, unsigned taken,
                       size_t skips) {
    double best = -INFINITY;
    if (q == Q)
        return 0;
    for (size_t k = 0; k < num_speakers; k++)
        if (!(taken >> k & 1))
            best = fmax(best, score[q * num_speakers + k] +
                                  best_sum(score, num_speakers, q + 1, taken | 1u << k, skips));
    return skips ? fmax(best, best_sum(score, num_speakers, q + 1, taken, skips - 1)) : best;
}

static void assignment_has_the_greatest_sum(void **state) {
    enum { CHUNKS = 300 };
    uint64_t seed = 3;
    (void)state;
    for (size_t num_speakers = 1; num_speakers < 8; num_speakers++) {
        size_t row = Q * num_speakers;
        double *score = dr_arena_alloc(&arena, CHUNKS * row, sizeof *score);
        int32_t *hard = dr_arena_alloc(&arena, CHUNKS * Q, sizeof *hard);
        for (size_t i = 0; i < CHUNKS * row; i++)
            score[i] = random_uniform(&seed) * 3 - (i % 2 ? 1 : 2);
        assert_int_equal(dr_constrained_assignment(hard, score, CHUNKS, num_speakers, &arena, NULL),
                         0);
        for (size_t c = 0; c < CHUNKS; c++) {
            size_t taken[8] = {0}, nobody = 0;
            double sum = 0;
            for (size_t q = 0; q < Q; q++) {
                int32_t k = hard[c * Q + q];
                nobody += k == DR_NOBODY;
                if (k == DR_NOBODY)
                    continue;
                assert_in_range(k, 0, num_speakers - 1);
                assert_int_equal(taken[k]++, 0);
                sum += score[c * row + q * num_speakers + (size_t)k];
            }
            assert_int_equal(nobody, num_speakers < Q ? Q - num_speakers : 0);
            assert_true(fabs(sum - best_sum(score + c * row, num_speakers, 0, 0, nobody)) < 1e-12);
        }
    }
}

/* Published: the 10,000th number of MT19937 seeded with 5489 is 4123659995; numpy's first ones of
 * RandomState(42).random_sample() are known to everybody. */
static void random_numbers_are_numpys(void **state) {
    static const double want[] = {0.3745401188473625, 0.9507143064099162, 0.7319939418114051};
    struct dr_mersenne random;
    (void)state;
    dr_mersenne_seed(&random, 42);
    for (size_t i = 0; i < 3; i++)
        assert_true(dr_mersenne_uniform(&random) == want[i]);
    dr_mersenne_seed(&random, 5489);
    double last = 0;
    for (int i = 0; i < 5000; i++) /* two words each */
        last = dr_mersenne_uniform(&random);
    uint64_t bits = (uint64_t)(last * 9007199254740992.0);
    assert_int_equal(bits & 0x3ffffff, 4123659995u >> 6);
}

/* Lloyd's fixed point: everybody is nearest to the mean of the own cluster; distinct groups are
 * found. */
static void kmeans_settles(void **state) {
    uint64_t seed = 7;
    (void)state;
    for (size_t k = 1; k < 7; k++) {
        size_t num = 90;
        double *points = random_points(num, 4, 1.2, &seed);
        double *mean = dr_arena_zalloc(&arena, k, IN * sizeof *mean);
        int32_t label[90];
        size_t size[7] = {0};
        assert_int_equal(dr_kmeans(label, points, num, k, &arena, NULL), 0);
        for (size_t i = 0; i < num; i++) {
            assert_in_range(label[i], 0, k - 1);
            size[label[i]]++;
            for (size_t d = 0; d < IN; d++)
                mean[(size_t)label[i] * IN + d] += points[i * IN + d];
        }
        for (size_t i = 0; i < k * IN; i++)
            mean[i] /= (double)size[i / IN];
        for (size_t i = 0; i < num; i++)
            for (size_t j = 0; j < k; j++)
                assert_true(distance(points + i * IN, mean + (size_t)label[i] * IN) <=
                            distance(points + i * IN, mean + j * IN) + 1e-9);
    }
}

/* Fewer distinct points than clusters: equal points stay together, nothing breaks. */
static void kmeans_bears_equal_points(void **state) {
    int32_t label[12];
    uint64_t seed = 9;
    (void)state;
    double *points = random_points(12, 1, 1, &seed);
    for (size_t i = 2; i < 12; i++)
        memcpy(points + i * IN, points + i % 2 * IN, IN * sizeof *points);
    assert_int_equal(dr_kmeans(label, points, 12, 5, &arena, NULL), 0);
    for (size_t i = 2; i < 12; i++)
        assert_int_equal(label[i], label[i % 2]);
    assert_int_not_equal(label[0], label[1]);
}

/* Two speakers of one dimension each and phi = 1: by hand. Statistics 50 for each, so precision
 * 1 + Fa/Fb 50, mean Fa/Fb 50 x / precision. */
static void vbx_with_certain_labels_is_closed_form(void **state) {
    enum { N = 100 };
    double phi[OUT], x = 8, ratio = 0.5 / 2;
    double *feature = dr_arena_zalloc(&arena, N * OUT, sizeof *feature);
    int32_t label[N];
    struct dr_vbx_params params = {
        .Fa = 0.5, .Fb = 2, .init_smoothing = 700, .epsilon = 0, .max_iterations = 1};
    struct dr_vbx vbx;
    (void)state;
    for (size_t d = 0; d < OUT; d++)
        phi[d] = 1;
    for (size_t t = 0; t < N; t++) {
        label[t] = (int32_t)(t % 2);
        feature[t * OUT + t % 2] = x;
    }
    assert_int_equal(
        dr_vbx_run(&vbx, feature, N, DR_PLDA_DIM, label, 2, phi, &params, &arena, NULL), 0);
    double precision = 1 + ratio * 50, mean = ratio * 50 * x / precision;
    double normal = -0.5 * (x * x + OUT * log(2 * M_PI));
    double spread = 0.5 * (OUT / precision + mean * mean);
    double own = 0.5 * (x * mean - spread + normal), other = 0.5 * (-spread + normal);
    double gamma = 1 / (1 + exp(other - own));
    double each = own - log(gamma) + log(0.5 + 1e-8);
    double model = OUT * (-log(precision) - 1 / precision + 1) - mean * mean;
    assert_int_equal(vbx.num_iterations, 1);
    assert_true(fabs(vbx.gamma[0] - gamma) < 1e-12);
    assert_true(fabs(vbx.gamma[1] - (1 - gamma)) < 1e-12);
    assert_true(fabs(vbx.pi[0] - 0.5) < 1e-12);
    assert_true(fabs(vbx.elbo[0] / (N * each + 2 * 2 * 0.5 * model) - 1) < 1e-12);
}

struct model {
    double mean1[IN], lda[IN * OUT], mean2[OUT], mu[OUT], tr[OUT * OUT], psi[OUT];
};

/* Keeps the first 128 dimensions; dimension 5 varies most. */
static struct dr_plda_arrays plain_model(struct model *m) {
    *m = (struct model){0};
    for (size_t d = 0; d < OUT; d++) {
        m->lda[d * OUT + d] = m->tr[d * OUT + d] = m->psi[d] = 1;
        m->mu[d] = 0.25;
    }
    m->psi[5] = 9;
    return (struct dr_plda_arrays){m->mean1, m->lda, m->mean2, m->mu, m->tr, m->psi};
}

static void plda_centres_scales_and_sorts(void **state) {
    struct model *m = dr_arena_alloc(&arena, 1, sizeof *m);
    struct dr_plda_arrays arrays = plain_model(m);
    struct dr_plda plda;
    float embedding[IN] = {0};
    double reduced[OUT], feature[OUT];
    (void)state;
    assert_int_equal(dr_plda_init(&plda, &arrays, &arena, NULL), 0);
    m->mean1[1] = 2;
    m->mean2[5] = -4;
    embedding[5] = 3;
    embedding[1] = 6; /* less mean1: a vector of length 5, dropped dimensions 0 */
    dr_plda_reduce(reduced, embedding, &plda);
    double five = 16 * 3.0 / 5 + 4, one = 16 * 4.0 / 5, scale = sqrt(OUT) / hypot(five, one);
    assert_true(fabs(reduced[5] - five * scale) < 1e-12);
    assert_true(fabs(reduced[1] - one * scale) < 1e-12);
    dr_plda_transform(feature, embedding, &plda);
    assert_true(fabs(feature[0] - (five * scale - 0.25)) < 1e-12);
    assert_true(fabs(feature[2] - (one * scale - 0.25)) < 1e-12); /* 0 1 2 4: 5 went to the front */
    assert_true(plda.phi[0] == 9 && plda.phi[1] == 1);
}

static void plda_names_what_is_wrong(void **state) {
    struct model *m = dr_arena_alloc(&arena, 1, sizeof *m);
    struct dr_plda_arrays arrays = plain_model(m);
    struct dr_plda plda;
    diarist_error error;
    (void)state;
    m->psi[3] = 0;
    assert_int_equal(dr_plda_init(&plda, &arrays, &arena, &error), DIARIST_ERROR_MODEL);
    assert_non_null(strstr(error.message, "psi[3]"));
    m->psi[3] = 1;
    m->lda[7] = NAN;
    assert_int_equal(dr_plda_init(&plda, &arrays, &arena, &error), DIARIST_ERROR_MODEL);
    assert_non_null(strstr(error.message, "value 7 of lda"));
}

/* One local speaker a chunk, of VOICES in turn. */
struct recording {
    struct dr_segmentation segmentation;
    float *embeddings;
    struct dr_plda plda;
};

enum { VOICES = 3 };

static struct recording make_recording(size_t num_chunks, struct dr_arena *input) {
    struct recording r = {.segmentation = {.num_chunks = num_chunks}};
    struct model *m = dr_arena_alloc(input, 1, sizeof *m);
    struct dr_plda_arrays arrays = plain_model(m);
    uint8_t *active = dr_arena_zalloc(input, num_chunks, CHUNK);
    uint64_t seed = 11;
    for (size_t d = 0; d < OUT; d++)
        m->psi[d] = 4;
    r.embeddings = dr_arena_zalloc(input, num_chunks, Q * IN * sizeof *r.embeddings);
    for (size_t c = 0; c < num_chunks; c++) {
        size_t local = c % 2, k = c % VOICES;
        memset(active + c * CHUNK, 1 << local, CHUNK / 2);
        for (size_t d = 0; d < IN; d++)
            r.embeddings[(c * Q + local) * IN + d] =
                (float)((d % VOICES == k) + 0.3 * random_normal(&seed));
    }
    r.segmentation.active = active;
    assert_int_equal(dr_plda_init(&r.plda, &arrays, input, NULL), 0);
    return r;
}

static int cluster(struct dr_community1_clusters *out, const struct recording *r,
                   size_t num_speakers, diarist_error *err) {
    struct dr_community1_params params = dr_community1_defaults;
    params.min_speakers = params.max_speakers = num_speakers;
    return dr_community1_cluster(out, &r->segmentation, r->embeddings, &r->plda, &params, &arena,
                                 err);
}

static void voices_are_found_in_the_memory_stated(void **state) {
    struct dr_arena input = {0};
    struct recording r = make_recording(1800, &input);
    (void)state;
    for (size_t wanted = 0; wanted <= 5; wanted += 5) {
        struct dr_community1_clusters out;
        size_t before = live, n = r.segmentation.num_chunks;
        peak = live;
        assert_int_equal(cluster(&out, &r, wanted, NULL), 0);
        assert_int_equal(out.stages.num_training, n);
        assert_int_equal(out.num_speakers, wanted ? wanted : VOICES);
        assert_int_equal(out.forced, wanted > 0);
        for (size_t c = VOICES; c < n && !wanted; c++)
            assert_int_equal(out.hard[c * Q + c % 2], out.hard[c % VOICES * Q + c % VOICES % 2]);
        size_t results = n * Q * (sizeof *out.hard + out.num_speakers * sizeof *out.score);
        size_t stated = n * 3175 + 8 * n * out.stages.vbx.num_speakers + results;
        assert_true(peak - before < stated + ((size_t)4 << 20)); /* blocks are not full */
        dr_arena_free(&arena);
    }
    dr_arena_free(&input);
}

static void failing_allocations_are_reported(void **state) {
    struct dr_arena input = {0};
    struct recording r = make_recording(250, &input);
    struct dr_community1_clusters out;
    (void)state;
    for (size_t wanted = 0; wanted <= 2; wanted += 2) {
        int status = DIARIST_ERROR_MEMORY;
        for (long blocks = 0; status; blocks++) {
            diarist_error error = {0};
            size_t before = live;
            until_failure = blocks;
            status = cluster(&out, &r, wanted, &error);
            until_failure = -1;
            if (status) {
                assert_int_equal(status, DIARIST_ERROR_MEMORY);
                assert_int_equal(error.status, DIARIST_ERROR_MEMORY);
            } else {
                assert_true(blocks > 2);
            }
            dr_arena_free(&arena);
            assert_true(live <= before);
        }
    }
    dr_arena_free(&input);
}

/* Nobody talks, or not a single chunk: one speaker at most, and nobody assigned. */
static void silence_has_nobody(void **state) {
    struct model *m = dr_arena_alloc(&arena, 1, sizeof *m);
    struct dr_plda_arrays arrays = plain_model(m);
    struct dr_plda plda;
    uint8_t active[2 * CHUNK] = {0};
    float *embeddings = dr_arena_zalloc(&arena, 2 * Q * IN, sizeof *embeddings);
    (void)state;
    assert_int_equal(dr_plda_init(&plda, &arrays, &arena, NULL), 0);
    for (size_t num_chunks = 0; num_chunks < 3; num_chunks++) {
        struct dr_segmentation segmentation = {.num_chunks = num_chunks, .active = active};
        struct dr_community1_clusters out;
        assert_int_equal(dr_community1_cluster(&out, &segmentation, embeddings, &plda,
                                               &dr_community1_defaults, &arena, NULL),
                         0);
        assert_int_equal(out.num_speakers, 1);
        assert_int_equal(out.stages.num_training, 0);
        for (size_t i = 0; i < num_chunks * Q; i++)
            assert_int_equal(out.hard[i], DR_NOBODY);
    }
}

static void bounds_that_contradict_are_refused(void **state) {
    struct dr_community1_params params = dr_community1_defaults;
    struct dr_segmentation segmentation = {0};
    struct dr_community1_clusters out;
    diarist_error error;
    (void)state;
    params.min_speakers = 4;
    params.max_speakers = 3;
    assert_int_equal(
        dr_community1_cluster(&out, &segmentation, NULL, NULL, &params, &arena, &error),
        DIARIST_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "min_speakers 4"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(linkage_is_by_definition, free_arena),
        cmocka_unit_test_teardown(cut_goes_by_the_greatest_distance, free_arena),
        cmocka_unit_test_teardown(assignment_has_the_greatest_sum, free_arena),
        cmocka_unit_test(random_numbers_are_numpys),
        cmocka_unit_test_teardown(kmeans_settles, free_arena),
        cmocka_unit_test_teardown(kmeans_bears_equal_points, free_arena),
        cmocka_unit_test_teardown(vbx_with_certain_labels_is_closed_form, free_arena),
        cmocka_unit_test_teardown(plda_centres_scales_and_sorts, free_arena),
        cmocka_unit_test_teardown(plda_names_what_is_wrong, free_arena),
        cmocka_unit_test_teardown(voices_are_found_in_the_memory_stated, free_arena),
        cmocka_unit_test_teardown(failing_allocations_are_reported, free_arena),
        cmocka_unit_test_teardown(silence_has_nobody, free_arena),
        cmocka_unit_test_teardown(bounds_that_contradict_are_refused, free_arena),
    };
    return cmocka_run_group_tests_name("community1", tests, NULL, NULL);
}
