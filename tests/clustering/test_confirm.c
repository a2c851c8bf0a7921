/* test_confirm.c - which clusters are speakers, against VBx's equations written out.
 * SPDX-License-Identifier: MIT */
#include "clustering/confirm.h"

#include "packing.h"
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DIM = DR_EMBEDDING_DIM, MAX = 400, BAND = 5, CLUSTERS = 8 };

struct scene {
    struct dr_windows windows;
    struct dr_links links;
    struct dr_arena arena;
    float *embedding; /* [num][192] as the windows have them */
    int32_t speaker[MAX];
    size_t num_speakers;
};

/* Windows of voices[voice[w]], every 0.6 s; neighbours of one cluster are sometimes linked. */
static void make_scene(struct scene *s, size_t num, float voices[][DIM], const int *voice,
                       double spread, uint64_t *seed) {
    s->windows = (struct dr_windows){.num = num};
    s->links = (struct dr_links){.num = num, .band = BAND};
    s->windows.centre_s = dr_arena_alloc(&s->arena, num, sizeof(double));
    s->links.same = dr_arena_zalloc(&s->arena, num, BAND * sizeof(uint16_t));
    s->links.diff = dr_arena_zalloc(&s->arena, num, BAND * sizeof(uint16_t));
    s->embedding = dr_arena_alloc(&s->arena, num, DIM * sizeof(float));
    for (size_t w = 0; w < num; w++) {
        s->windows.centre_s[w] = 0.6 * (double)w;
        random_voice(s->embedding + w * DIM, voices[voice[w]], spread, seed);
        for (size_t d = 0; d < BAND && w + 1 + d < num; d++)
            if (voice[w] == voice[w + 1 + d])
                s->links.same[w * BAND + d] = (uint16_t)random_below(seed, 3);
    }
    s->windows.embedding = pack_embeddings(s->embedding, num, &s->arena);
}

/* Mean square, per dimension, of half the difference of two windows that are linked and 1.5 s or
 * more apart, times two. */
static double spread_of(const struct scene *s, double otherwise) {
    double sum = 0, weight = 0;
    for (size_t u = 0; u < s->windows.num; u++)
        for (size_t v = u + 3; v < s->windows.num && v <= u + BAND; v++)
            for (size_t d = 0; d < DIM; d++) {
                double half = ((double)s->embedding[u * DIM + d] - s->embedding[v * DIM + d]) / 2;
                sum += 2 * half * half * s->links.same[u * BAND + v - u - 1];
                weight += s->links.same[u * BAND + v - u - 1];
            }
    return weight < 10 * DIM ? otherwise : sum / weight;
}

struct model {
    size_t num;
    double x[MAX][DIM], gamma[MAX][CLUSTERS], pi[CLUSTERS], mean[CLUSTERS][DIM], shrink[CLUSTERS];
};

/* Equations 16, 17 and 23 with phi = 1; the ELBO. */
static double iterate(struct model *m, size_t num_speakers, double Fa, double Fb) {
    double elbo = 0;
    for (size_t k = 0; k < num_speakers; k++) {
        double n = 0;
        for (size_t t = 0; t < m->num; t++)
            n += m->gamma[t][k];
        m->shrink[k] = 1 / (1 + Fa / Fb * n);
        for (size_t d = 0; d < DIM; d++) {
            double sum = 0;
            for (size_t t = 0; t < m->num; t++)
                sum += m->gamma[t][k] * m->x[t][d];
            m->mean[k][d] = Fa / Fb * m->shrink[k] * sum;
            elbo += Fb / 2 * (log(m->shrink[k]) - m->shrink[k] - m->mean[k][d] * m->mean[k][d] + 1);
        }
    }
    double next[CLUSTERS] = {0};
    for (size_t t = 0; t < m->num; t++) {
        double p[CLUSTERS], all = 0, norm = 0, best = -INFINITY;
        for (size_t k = 0; k < num_speakers; k++) {
            p[k] = 0;
            for (size_t d = 0; d < DIM; d++)
                p[k] += m->x[t][d] * m->mean[k][d] -
                        0.5 * (m->shrink[k] + m->mean[k][d] * m->mean[k][d]);
            p[k] = Fa * p[k] + log(m->pi[k] + 1e-8);
            best = fmax(best, p[k]);
        }
        for (size_t d = 0; d < DIM; d++)
            norm -= 0.5 * (m->x[t][d] * m->x[t][d] + log(2 * M_PI));
        for (size_t k = 0; k < num_speakers; k++)
            all += exp(p[k] - best);
        for (size_t k = 0; k < num_speakers; k++) {
            m->gamma[t][k] = exp(p[k] - best) / all;
            next[k] += m->gamma[t][k] / (double)m->num;
        }
        elbo += Fa * norm + best + log(all);
    }
    memcpy(m->pi, next, sizeof next);
    return elbo;
}

/* The weights pi of the clusters. Every stride-th window of a cluster takes part. */
static struct model *reference(struct scene *s, size_t stride,
                               const struct dr_confirm_params *params) {
    struct model *m = dr_arena_zalloc(&s->arena, 1, sizeof *m);
    double variance = spread_of(s, params->variance_within), mean[DIM] = {0}, last = -INFINITY;
    size_t seen = 0;
    for (size_t w = 0; w < s->windows.num; w++) {
        if (s->speaker[w] < 0 || seen++ % stride)
            continue;
        double own = exp(params->vbx.init_smoothing);
        for (size_t k = 0; k < s->num_speakers; k++)
            m->gamma[m->num][k] =
                ((int32_t)k == s->speaker[w] ? own : 1) / (own + (double)s->num_speakers - 1);
        for (size_t d = 0; d < DIM; d++)
            mean[d] += m->x[m->num][d] = s->embedding[w * DIM + d];
        m->num++;
    }
    for (size_t t = 0; t < m->num; t++)
        for (size_t d = 0; d < DIM; d++)
            m->x[t][d] = (m->x[t][d] - mean[d] / (double)m->num) / sqrt(variance);
    for (size_t k = 0; k < s->num_speakers; k++)
        m->pi[k] = 1 / (double)s->num_speakers;
    for (size_t i = 0; i < params->vbx.max_iterations; i++) {
        double now = iterate(m, s->num_speakers, params->vbx.Fa * (double)stride, params->vbx.Fb);
        if (now - last < params->vbx.epsilon)
            break;
        last = now;
    }
    return m;
}

static void confirm(uint8_t *confirmed, struct scene *s, const struct dr_confirm_params *params) {
    assert_int_equal(dr_confirm_speakers(confirmed, &s->windows, &s->links, s->speaker,
                                         s->num_speakers, params, &s->arena, NULL),
                     0);
}

/* Random clusters: pure ones of many sizes, some of voices that have another cluster already. */
static void clusters_are_as_the_equations_say(void **state) {
    (void)state;
    size_t confirmed_in_all = 0, refused_in_all = 0;
    for (uint64_t i = 1; i <= 40; i++) {
        struct scene s = {.num_speakers = 2 + i % (CLUSTERS - 1)};
        struct dr_confirm_params params = dr_cluster_defaults.confirm;
        uint64_t seed = 77 * i;
        static float voices[CLUSTERS][DIM];
        static int voice[MAX];
        size_t num = 40 + random_below(&seed, MAX - 40), stride = 1 + i % 3;
        double reach[CLUSTERS], sum = 0;
        for (size_t k = 0; k < s.num_speakers; k++) {
            random_voice(voices[k], k ? voices[0] : NULL, k ? 0.2 + random_uniform(&seed) : 1,
                         &seed);
            reach[k] = sum += 0.02 + pow(random_uniform(&seed), 3);
        }
        for (size_t w = 0; w < num; w++) {
            double at = random_uniform(&seed) * sum;
            int k = 0;
            while (reach[k] < at)
                k++;
            voice[w] = w < s.num_speakers ? (int)w : k;
            s.speaker[w] = w >= s.num_speakers && random_uniform(&seed) < 0.1 ? -1 : voice[w];
            voice[w] = k == 1 ? 0 : voice[w]; /* cluster 1 is of the voice of cluster 0 */
        }
        make_scene(&s, num, voices, voice, 0.9, &seed);
        size_t taking_part = 0;
        for (size_t w = 0; w < num; w++)
            taking_part += s.speaker[w] >= 0;
        params.max_windows = (taking_part + stride - 1) / stride;
        uint8_t confirmed[CLUSTERS];
        confirm(confirmed, &s, &params);
        struct model *m = reference(&s, stride, &params);
        for (size_t k = 0; k < s.num_speakers; k++) {
            if (m->pi[k] > params.min_pi / 10 && m->pi[k] < params.min_pi * 10)
                continue; /* rounding may decide */
            assert_int_equal(confirmed[k], m->pi[k] > params.min_pi);
            confirmed_in_all += confirmed[k];
            refused_in_all += !confirmed[k];
        }
        dr_arena_free(&s.arena);
    }
    assert_true(confirmed_in_all > 40 && refused_in_all > 20);
}

/* Two voices; a third cluster is of num windows of the first one, or of a voice of its own. */
static int is_third_confirmed(size_t num, int own_voice) {
    struct scene s = {.num_speakers = 3};
    uint64_t seed = 5;
    static float voices[3][DIM];
    static int voice[MAX];
    for (size_t k = 0; k < 3; k++)
        random_voice(voices[k], k ? voices[0] : NULL, 1, &seed);
    for (size_t w = 0; w < 200; w++) {
        s.speaker[w] = w % 20 == 0 && w / 20 < num ? 2 : (int32_t)(w / 10 % 2);
        voice[w] = s.speaker[w] == 2 ? 2 * own_voice : s.speaker[w];
    }
    make_scene(&s, 200, voices, voice, 0.6, &seed);
    uint8_t confirmed[3];
    confirm(confirmed, &s, &dr_cluster_defaults.confirm);
    assert_true(confirmed[0] && confirmed[1]);
    dr_arena_free(&s.arena);
    return confirmed[2];
}

static void a_part_of_a_voice_is_no_speaker(void **state) {
    (void)state;
    assert_false(is_third_confirmed(10, 0));
    assert_true(is_third_confirmed(10, 1));
    assert_false(is_third_confirmed(1, 1));
}

static void somebody_is_left(void **state) {
    (void)state;
    struct scene s = {.num_speakers = 2, .speaker = {0, 1}};
    struct dr_confirm_params params = dr_cluster_defaults.confirm;
    uint64_t seed = 9;
    static float voices[1][DIM];
    uint8_t confirmed[2];
    random_voice(voices[0], NULL, 1, &seed);
    make_scene(&s, 2, voices, (int[]){0, 0}, 0.1, &seed);
    params.min_pi = 2;
    confirm(confirmed, &s, &params);
    assert_int_equal(confirmed[0] + confirmed[1], 1);
    dr_arena_free(&s.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clusters_are_as_the_equations_say),
        cmocka_unit_test(a_part_of_a_voice_is_no_speaker),
        cmocka_unit_test(somebody_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
