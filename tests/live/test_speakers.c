/* test_speakers.c - who is who, on voices made by hand.
 * SPDX-License-Identifier: MIT
 *
 * Voice i is the unit vector along axis i: voices have nothing in common unless they are mixed. */
#include "live/speakers.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DIM = DR_EMBEDDING_DIM, MOST = 16 };

struct scene {
    struct dr_arena memory, scratch;
    struct dr_live_params params;
    struct dr_live_speakers *s;
    size_t num_merged;
    int32_t merged[MOST], into[MOST];
};

static void make_scene(struct scene *scene, size_t max_speakers, const float *known, size_t num) {
    *scene = (struct scene){.num_merged = 0};
    dr_live_params_init(&scene->params, 2.0);
    scene->params.clustering.threshold = 0.5;
    scene->params.clustering.min_speaker_s = 1.2; /* two windows */
    scene->params.clustering.min_speaker_share = 1;
    scene->params.clustering.min_speaker_length = 0;
    scene->params.same_bonus = 0.03;
    scene->params.other_penalty = 0.05;
    scene->params.merge_share = 0.6;
    scene->params.known_threshold = 0.6;
    scene->s = dr_arena_alloc(&scene->memory, 1, sizeof *scene->s);
    assert_non_null(scene->s);
    assert_int_equal(dr_live_speakers_open(scene->s, &scene->params, max_speakers, known, num,
                                           &scene->memory, NULL),
                     0);
}

static void free_scene(struct scene *scene) {
    dr_arena_free(&scene->memory);
    dr_arena_free(&scene->scratch);
}

static void note_merge(void *context, int32_t speaker, int32_t into) {
    struct scene *scene = context;
    assert_true(scene->num_merged < MOST);
    scene->merged[scene->num_merged] = speaker;
    scene->into[scene->num_merged++] = into;
}

/* values [192] = a * voice i + b * voice j, of unit length. */
static void mix(float *values, size_t i, double a, size_t j, double b) {
    memset(values, 0, DIM * sizeof *values);
    values[i] = (float)(a / sqrt(a * a + b * b));
    values[j] = (float)(b / sqrt(a * a + b * b));
}

static void add(struct scene *scene, const float *values, size_t num) {
    struct dr_embedding window;
    dr_embedding_pack(&window, values);
    for (size_t i = 0; i < num; i++)
        dr_live_speakers_add(scene->s, &window, 0.6 * (double)scene->s->num_all);
}

static void cluster(struct scene *scene) {
    assert_int_equal(dr_live_speakers_cluster(scene->s, scene->s->num_all * 9600, note_merge, scene,
                                              &scene->scratch, NULL),
                     0);
}

/* num windows of one voice are heard. */
static void hear(struct scene *scene, size_t voice, size_t num) {
    float values[DIM];
    mix(values, voice, 1, voice + 1, 0);
    add(scene, values, num);
    cluster(scene);
}

/* The number by which the voice is known now; -1: by none. */
static int32_t number_of(const struct scene *scene, const float *values) {
    int32_t number[DR_LIVE_MAX_SPEAKERS];
    static float centroid[DR_LIVE_MAX_SPEAKERS * DIM];
    const size_t num = dr_live_speakers_heard(scene->s, number, centroid);
    for (size_t k = 0; k < num; k++) {
        double dot = 0;
        for (size_t d = 0; d < DIM; d++)
            dot += (double)centroid[k * DIM + d] * (double)values[d];
        if (dot > 0.9)
            return number[k];
    }
    return -1;
}

static int32_t number_of_voice(const struct scene *scene, size_t voice) {
    float values[DIM];
    mix(values, voice, 1, voice + 1, 0);
    return number_of(scene, values);
}

static size_t num_heard(const struct scene *scene) {
    int32_t number[DR_LIVE_MAX_SPEAKERS];
    static float centroid[DR_LIVE_MAX_SPEAKERS * DIM];
    return dr_live_speakers_heard(scene->s, number, centroid);
}

static void test_numbers(void **state) {
    (void)state;
    struct scene scene;
    make_scene(&scene, 32, NULL, 0);
    assert_int_equal(num_heard(&scene), 0);
    hear(&scene, 10, 5);
    assert_int_equal(number_of_voice(&scene, 10), 0);
    hear(&scene, 4, 1); /* one window is nobody yet */
    assert_int_equal(num_heard(&scene), 1);
    hear(&scene, 4, 1);
    assert_int_equal(number_of_voice(&scene, 4), 1);
    hear(&scene, 10, 30); /* whoever talks most is still who they are */
    hear(&scene, 7, 4);
    assert_int_equal(number_of_voice(&scene, 7), 2);
    hear(&scene, 4, 80);
    assert_int_equal(number_of_voice(&scene, 10), 0);
    assert_int_equal(number_of_voice(&scene, 4), 1);
    assert_int_equal(number_of_voice(&scene, 7), 2);
    assert_int_equal(num_heard(&scene), 3);
    assert_int_equal(scene.s->next_number, 3);
    assert_int_equal(scene.num_merged, 0);
    free_scene(&scene);
}

/* Of two that are new at once the first to talk has the lower number, not who talks more. */
static void test_order(void **state) {
    (void)state;
    struct scene scene;
    float a[DIM], b[DIM];
    make_scene(&scene, 32, NULL, 0);
    mix(a, 9, 1, 0, 0);
    mix(b, 2, 1, 0, 0);
    add(&scene, a, 2);
    add(&scene, b, 6);
    cluster(&scene);
    assert_int_equal(number_of(&scene, a), 0);
    assert_int_equal(number_of(&scene, b), 1);
    free_scene(&scene);
}

/* Somebody who talked once, 20 minutes ago, is still known. */
static void test_long(void **state) {
    (void)state;
    struct scene scene;
    float voice[DIM];
    make_scene(&scene, 32, NULL, 0);
    hear(&scene, 0, 3);
    hear(&scene, 1, 4);
    for (int i = 0; i < 50; i++)
        hear(&scene, 2 + (size_t)i % 2, 40);
    size_t kept = scene.s->num_windows;
    assert_true(kept <= DR_LIVE_WINDOWS);
    for (size_t g = 0; g < scene.s->num_groups; g++)
        kept += scene.s->group[g].num;
    assert_int_equal(kept, 2007);
    assert_int_equal(scene.s->num_all, 2007);
    assert_true(scene.s->num_groups <= 2 + 2 * DR_LIVE_GROUPS);
    for (size_t k = 0; k < 4; k++)
        assert_int_equal(number_of_voice(&scene, k), k);
    hear(&scene, 1, 1);
    assert_int_equal(scene.s->speaker_of[scene.s->num_windows - 1], 1);
    assert_int_equal(scene.s->next_number, 4);
    mix(voice, 3, 1, 0, 0);
    float found[DIM];
    assert_int_equal(dr_live_speakers_voice(found, scene.s, 3), 0);
    for (size_t d = 0; d < DIM; d++)
        assert_true(fabsf(found[d] - voice[d]) < 0.01f);
    free_scene(&scene);
}

/* Two voices (cosine 0.3) and, later, much of what lies between them (0.81 to each). */
static void test_merging(void **state) {
    (void)state;
    struct scene scene;
    float a[DIM], b[DIM], between[DIM];
    make_scene(&scene, 32, NULL, 0);
    mix(a, 0, 1, 1, 0);
    mix(b, 0, 0.3, 1, sqrt(1 - 0.09));
    mix(between, 0, 1.3, 1, sqrt(1 - 0.09));
    add(&scene, a, 4);
    cluster(&scene);
    add(&scene, b, 3);
    cluster(&scene);
    assert_int_equal(number_of(&scene, a), 0);
    assert_int_equal(number_of(&scene, b), 1);
    add(&scene, between, 20);
    cluster(&scene);
    assert_int_equal(scene.num_merged, 1);
    assert_true(scene.merged[0] == 1 && scene.into[0] == 0);
    assert_int_equal(num_heard(&scene), 1);
    assert_int_equal(number_of(&scene, between), 0);
    assert_int_equal(dr_live_speakers_voice(a, scene.s, 1), -1);
    hear(&scene, 5, 3); /* its number is not given again */
    assert_int_equal(number_of_voice(&scene, 5), 2);
    hear(&scene, 5, 3);
    assert_int_equal(scene.num_merged, 1);
    free_scene(&scene);
}

static void test_more_than_places(void **state) {
    (void)state;
    struct scene scene;
    make_scene(&scene, 2, NULL, 0);
    for (size_t voice = 0; voice < 4; voice++)
        hear(&scene, voice, 5);
    assert_int_equal(num_heard(&scene), 2);
    assert_int_equal(number_of_voice(&scene, 0), 0);
    assert_int_equal(number_of_voice(&scene, 1), 1);
    assert_int_equal(scene.s->next_number, 2);
    free_scene(&scene);
}

/* Voices 3 and 4 are known, as 0 and 1; two are known with a margin of 0.05 or not at all. */
static void test_known(void **state) {
    (void)state;
    struct scene scene;
    float known[2 * DIM], voice[DIM];
    mix(known, 3, 1, 0, 0);
    mix(known + DIM, 4, 1, 0, 0);
    make_scene(&scene, 32, known, 2);
    assert_int_equal(num_heard(&scene), 0);
    assert_int_equal(dr_live_speakers_voice(voice, scene.s, 1), 0);
    assert_memory_equal(voice, known + DIM, sizeof voice);
    hear(&scene, 0, 3);
    assert_int_equal(number_of_voice(&scene, 0), 2);
    hear(&scene, 4, 3);
    assert_int_equal(number_of_voice(&scene, 4), 1);
    mix(voice, 3, 1, 4, 0.99); /* cosines 0.71 and 0.70; 0.70 with the cluster of 4 */
    scene.s->params.threshold = 0.8;
    add(&scene, voice, 3);
    cluster(&scene);
    assert_int_equal(number_of(&scene, voice), 3);
    assert_int_equal(scene.num_merged, 0);
    free_scene(&scene);
}

/* A voice with a cosine of 0.55 to a known one is somebody new, until it has come nearer. */
static void test_turns_out_known(void **state) {
    (void)state;
    struct scene scene;
    float known[DIM], voice[DIM];
    mix(known, 3, 1, 0, 0);
    make_scene(&scene, 32, known, 1);
    mix(voice, 3, 0.55, 8, sqrt(1 - 0.55 * 0.55));
    add(&scene, voice, 3);
    cluster(&scene);
    assert_int_equal(number_of(&scene, voice), 1);
    mix(voice, 3, 0.8, 8, 0.6);
    add(&scene, voice, 12);
    cluster(&scene);
    assert_int_equal(scene.num_merged, 1); /* said once */
    assert_true(scene.merged[0] == 1 && scene.into[0] == 0);
    assert_int_equal(number_of(&scene, voice), 0);
    cluster(&scene);
    hear(&scene, 20, 3);
    assert_int_equal(number_of_voice(&scene, 20), 2);
    assert_int_equal(scene.num_merged, 1);
    free_scene(&scene);
}

/* Whoever talks before a voice can be told gets a number; the first voice is it. */
static void test_anybody(void **state) {
    (void)state;
    struct scene scene;
    float known[DIM];
    mix(known, 3, 1, 0, 0);
    make_scene(&scene, 2, known, 1);
    assert_int_equal(dr_live_speakers_anybody(scene.s), 1);
    assert_int_equal(dr_live_speakers_anybody(scene.s), 1);
    assert_int_equal(num_heard(&scene), 0);
    hear(&scene, 6, 3);
    assert_int_equal(number_of_voice(&scene, 6), 1);
    assert_int_equal(scene.s->next_number, 2);
    free_scene(&scene);
}

/* Merged speakers leave one with the groups of all of them; there is room for ever. */
static void test_groups_of_merged(void **state) {
    (void)state;
    struct scene scene;
    float voice[2][DIM];
    make_scene(&scene, 32, NULL, 0);
    mix(voice[0], 0, 1, 2, 0);
    mix(voice[1], 1, 1, 2, 0);
    for (size_t v = 0; v < 2; v++) {
        add(&scene, voice[v], DR_LIVE_WINDOWS / 2);
        cluster(&scene);
    }
    size_t num = scene.s->num_all;
    for (size_t g = 0; g < DR_LIVE_MAX_GROUPS; g++, num += 10) {
        struct dr_live_group *group = &scene.s->group[scene.s->num_groups++];
        *group = (struct dr_live_group){.num = 10, .speaker = g % 3 == 0};
        group->sum[g % 3 == 0] = 10;
    }
    scene.s->num_all = num;
    hear(&scene, 0, 1);
    assert_true(scene.s->num_groups <= 2 * DR_LIVE_GROUPS);
    size_t kept = scene.s->num_windows;
    for (size_t g = 0; g < scene.s->num_groups; g++)
        kept += scene.s->group[g].num;
    assert_int_equal(kept, num + 1);
    assert_int_equal(number_of(&scene, voice[0]), 0);
    assert_int_equal(number_of(&scene, voice[1]), 1);
    free_scene(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_merging),
        cmocka_unit_test(test_more_than_places),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_turns_out_known),
        cmocka_unit_test(test_anybody),
        cmocka_unit_test(test_groups_of_merged),
    };
    return cmocka_run_group_tests_name("speakers", tests, NULL, NULL);
}
