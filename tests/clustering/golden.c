/* golden.c - every stage after the networks against the reference implementation's arrays.
 * SPDX-License-Identifier: MIT
 *
 * Arguments: folders of raw arrays, one per clip (golden.py makes them). Each stage is given the
 * reference's input, so a difference shows where it arises. The reference has no embeddings on
 * overlapped frames: overlap_weight is 0 here. */
#include "clustering/assign.h"
#include "clustering/centroids.h"
#include "clustering/speakers.h"
#include "clustering/upgma.h"
#include "reconstruct/turns.h"

#include "packing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DIM = DR_EMBEDDING_DIM, CHUNK = DR_CHUNK_FRAMES, Q = DR_LOCAL_SPEAKERS };

struct clip {
    const char *folder;
    struct dr_arena arena;
    struct dr_segmentation segmentation;
    struct dr_windows windows, fine_windows;
    struct dr_local_embeddings local;
    const float *logprob;
    uint8_t *count; /* [dr_num_frames] */
    float *speech;
};

/* All values of an array; their number in *num unless it is NULL. */
static void *load(struct clip *clip, const char *key, size_t size, size_t *num) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.bin", clip->folder, key);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t bytes = (size_t)ftell(file);
    rewind(file);
    void *data = dr_arena_alloc(&clip->arena, bytes + 1, 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, bytes, file), bytes);
    fclose(file);
    assert_int_equal(bytes % size, 0);
    if (num)
        *num = bytes / size;
    return data;
}

/* [chunks][589][3] of 0 and 1 -> [chunks][589] of bits. */
static const uint8_t *load_bits(struct clip *clip, const char *key) {
    size_t num;
    uint8_t *flags = load(clip, key, 1, &num);
    uint8_t *bits = dr_arena_alloc(&clip->arena, num / Q, 1);
    assert_non_null(bits);
    for (size_t f = 0; f < num / Q; f++)
        bits[f] = (uint8_t)(flags[f * Q] | flags[f * Q + 1] << 1 | flags[f * Q + 2] << 2);
    return bits;
}

/* The marginals, how many speakers talk, and whether anybody does, of the reference's
 * log-probabilities. */
static void count(struct clip *clip) {
    size_t num = dr_num_frames(clip->segmentation.num_samples);
    clip->count = dr_arena_alloc(&clip->arena, num, 1);
    clip->speech = dr_arena_alloc(&clip->arena, num, sizeof *clip->speech);
    count_speakers(clip->count, clip->speech, &clip->segmentation, clip->logprob,
                   &dr_reconstruct_defaults, &clip->arena);
}

static int open_clip(void **state) {
    struct clip *clip = calloc(1, sizeof *clip);
    assert_non_null(clip);
    clip->folder = *state;
    const int64_t *starts = load(clip, "starts", sizeof *starts, &clip->segmentation.num_chunks);
    clip->segmentation.step = (size_t)starts[1];
    clip->segmentation.num_samples = (size_t) * (int64_t *)load(clip, "n", sizeof(int64_t), NULL);
    clip->logprob = load(clip, "logprob", sizeof(float), NULL);
    clip->segmentation.active = load_bits(clip, "active");
    clip->windows.centre_s = load(clip, "win_t", sizeof(double), &clip->windows.num);
    clip->windows.embedding = pack_embeddings(load(clip, "win_emb", sizeof(float), NULL),
                                              clip->windows.num, &clip->arena);
    clip->fine_windows.centre_s = load(clip, "rwin_t", sizeof(double), &clip->fine_windows.num);
    clip->fine_windows.embedding = pack_embeddings(load(clip, "rwin_emb", sizeof(float), NULL),
                                                   clip->fine_windows.num, &clip->arena);
    size_t num;
    float *local = load(clip, "emb", DIM * sizeof(float), &num);
    clip->local.has = dr_arena_alloc(&clip->arena, num, 1);
    for (size_t i = 0; i < num; i++) {
        clip->local.has[i] = !isnan(local[i * DIM]);
        if (!clip->local.has[i])
            memset(local + i * DIM, 0, DIM * sizeof(float));
    }
    clip->local.embedding = pack_embeddings(local, num, &clip->arena);
    count(clip);
    *state = clip;
    return 0;
}

static int close_clip(void **state) {
    struct clip *clip = *state;
    dr_arena_free(&clip->arena);
    free(clip);
    return 0;
}

static struct dr_links build_links(struct clip *clip) {
    struct dr_links links;
    assert_int_equal(
        dr_links_build(&links, &clip->windows, &clip->segmentation, &clip->arena, NULL), 0);
    return links;
}

static struct dr_centroids load_centroids(struct clip *clip, const char *key) {
    struct dr_centroids centroids;
    centroids.centroid = load(clip, key, DIM * sizeof(float), &centroids.num_speakers);
    return centroids;
}

static void assert_centroids_near(const struct dr_centroids *mine,
                                  const struct dr_centroids *want) {
    assert_int_equal(mine->num_speakers, want->num_speakers);
    for (size_t k = 0; k < want->num_speakers; k++)
        assert_true(diarist_similarity(mine->centroid + k * DIM, want->centroid + k * DIM, DIM) >
                    0.99999);
}

static void count_is_equal(void **state) {
    struct clip *clip = *state;
    size_t num;
    const int64_t *want = load(clip, "count", sizeof *want, &num);
    assert_int_equal(dr_num_frames(clip->segmentation.num_samples), num);
    for (size_t f = 0; f < num; f++) {
        assert_int_equal(clip->count[f], want[f]);
        assert_true(clip->speech[f] >= 0 && clip->speech[f] <= 1);
        if (clip->count[f] > 0)
            assert_true(clip->speech[f] >
                        0.2); /* more than half a speaker, who are two at the most */
    }
}

static void links_are_equal(void **state) {
    struct clip *clip = *state;
    struct dr_links links = build_links(clip);
    const float *same = load(clip, "link_same", sizeof(float), NULL);
    const float *diff = load(clip, "link_diff", sizeof(float), NULL);
    assert_int_equal(links.num, clip->windows.num);
    for (size_t u = 0; u < links.num; u++)
        for (size_t v = u + 1; v < links.num; v++) {
            size_t d = v - u - 1;
            int near = d < links.band;
            size_t at = u * links.band + d;
            assert_int_equal(near ? links.same[at] : 0, (int)same[u * links.num + v]);
            assert_int_equal(near ? links.diff[at] : 0, (int)diff[u * links.num + v]);
        }
}

static void clusters_are_equal(void **state) {
    struct clip *clip = *state;
    struct dr_links links = build_links(clip);
    size_t num = clip->windows.num, num_clusters;
    const int64_t *want = load(clip, "labels", sizeof *want, NULL);
    int32_t *labels = dr_arena_alloc(&clip->arena, num, sizeof *labels);
    assert_int_equal(dr_cluster_windows(labels, &num_clusters, &clip->windows, &links,
                                        &dr_cluster_defaults, &clip->arena, NULL),
                     0);
    for (size_t w = 0; w < num; w++)
        assert_int_equal(labels[w], want[w]);
}

static void kept_clusters_are_equal(void **state) {
    struct clip *clip = *state;
    size_t num = clip->windows.num, num_kept;
    const int64_t *labels = load(clip, "labels", sizeof *labels, NULL);
    const int64_t *kept = load(clip, "kept", sizeof *kept, &num_kept);
    size_t *size = dr_arena_zalloc(&clip->arena, num, sizeof *size);
    int32_t *speaker = dr_arena_alloc(&clip->arena, num, sizeof *speaker);
    size_t num_clusters = 0;
    for (size_t w = 0; w < num; w++) {
        size[labels[w]]++;
        num_clusters = (size_t)labels[w] + 1 > num_clusters ? (size_t)labels[w] + 1 : num_clusters;
    }
    assert_int_equal(dr_centroids_keep(speaker, size, num_clusters, num,
                                       clip->segmentation.num_samples, &dr_cluster_defaults),
                     num_kept);
    for (size_t k = 0; k < num_kept; k++)
        assert_int_equal(speaker[kept[k]], k);
}

static void centroids_are_near(void **state) {
    struct clip *clip = *state;
    struct dr_links links = build_links(clip);
    struct dr_centroids want = load_centroids(clip, "centroids"), mine;
    struct dr_cluster_params params = dr_cluster_defaults;
    params.confirm.rise = 0; /* the reference implementation does not */
    assert_int_equal(dr_find_speakers(&mine, NULL, &clip->windows, &links,
                                      clip->segmentation.num_samples, &params, &clip->arena, NULL),
                     0);
    assert_centroids_near(&mine, &want);
}

static void assignment_is_equal(void **state) {
    struct clip *clip = *state;
    struct dr_centroids centroids = load_centroids(clip, "centroids");
    size_t num;
    const int64_t *want = load(clip, "assign", sizeof *want, &num);
    int32_t *assign = dr_arena_alloc(&clip->arena, num, sizeof *assign);
    assert_int_equal(dr_assign_local_speakers(assign, &clip->segmentation, &clip->local, &centroids,
                                              &dr_cluster_defaults, &clip->arena, NULL),
                     0);
    for (size_t i = 0; i < num; i++)
        assert_int_equal(assign[i], want[i]);
}

/* The reference's arrays as input of the reconstruction. */
static struct dr_reconstruct_input load_input(struct clip *clip, struct dr_centroids *centroids) {
    size_t num_frames, num_assign;
    const int64_t *count = load(clip, "count", sizeof *count, &num_frames);
    const int64_t *assign = load(clip, "assign", sizeof *assign, &num_assign);
    uint8_t *count8 = dr_arena_alloc(&clip->arena, num_frames, 1);
    int32_t *assign32 = dr_arena_alloc(&clip->arena, num_assign, sizeof *assign32);
    for (size_t f = 0; f < num_frames; f++)
        count8[f] = (uint8_t)count[f];
    for (size_t i = 0; i < num_assign; i++)
        assign32[i] = (int32_t)assign[i];
    *centroids = load_centroids(clip, "centroids");
    return (struct dr_reconstruct_input){.segmentation = &clip->segmentation,
                                         .count = count8,
                                         .assign = assign32,
                                         .num_speakers = centroids->num_speakers,
                                         .windows = &clip->fine_windows,
                                         .centroids = centroids};
}

static void activity_is_near(void **state) {
    struct clip *clip = *state;
    struct dr_centroids centroids;
    struct dr_reconstruct_input in = load_input(clip, &centroids);
    struct dr_reconstruct_params params = dr_reconstruct_defaults;
    params.overlap_weight = 0;
    const float *probability = load(clip, "act", sizeof *probability, NULL);
    const double *score = load(clip, "act_reseg", sizeof *score, NULL);
    struct dr_centroids want = load_centroids(clip, "centroids2");
    struct dr_activity activity;
    assert_int_equal(dr_activity_open(&activity, &in, &params, &clip->arena, NULL), 0);
    struct dr_centroids mine = {in.num_speakers, activity.centroid};
    assert_centroids_near(&mine, &want);
    size_t at = 0;
    for (dr_activity_next(&activity); activity.num > 0; dr_activity_next(&activity))
        for (size_t i = 0; i < activity.num * in.num_speakers; i++, at++) {
            /* Two local speakers of a chunk, rounded to 255ths, may be one speaker. */
            assert_true(fabsf(activity.probability[i] - probability[at]) < 1.01f / 255);
            assert_true(fabs(activity.score[i] - score[at]) < 1.5 / 255 + 0.01);
        }
    assert_int_equal(at, dr_num_frames(clip->segmentation.num_samples) * in.num_speakers);
}

static void turns_are_equal(void **state) {
    struct clip *clip = *state;
    struct dr_centroids centroids;
    struct dr_reconstruct_input in = load_input(clip, &centroids);
    struct dr_reconstruct_params params = dr_reconstruct_defaults;
    params.overlap_weight = 0;
    size_t num;
    const double(*want)[3] = load(clip, "segments", sizeof *want, &num);
    struct dr_turns turns;
    assert_int_equal(dr_reconstruct(&turns, &in, &params, &clip->arena, NULL), 0);
    assert_int_equal(turns.num_turns, num);
    for (size_t i = 0; i < num; i++) {
        assert_true(fabs(turns.turn[i].start_s - want[i][0]) < 1e-9);
        assert_true(fabs(turns.turn[i].end_s - want[i][1]) < 1e-9);
        assert_int_equal(turns.order[turns.turn[i].speaker], want[i][2]);
        assert_true(turns.turn[i].confidence > 0.3f && turns.turn[i].confidence <= 1);
    }
}

#define CLIP_TEST(f) \
    { #f, f, open_clip, close_clip, NULL }

int main(int argc, char **argv) {
    int failed = argc < 2;
    for (int i = 1; i < argc; i++) {
        struct CMUnitTest tests[] = {
            CLIP_TEST(count_is_equal),     CLIP_TEST(links_are_equal),
            CLIP_TEST(clusters_are_equal), CLIP_TEST(kept_clusters_are_equal),
            CLIP_TEST(centroids_are_near), CLIP_TEST(assignment_is_equal),
            CLIP_TEST(activity_is_near),   CLIP_TEST(turns_are_equal),
        };
        for (size_t t = 0; t < sizeof tests / sizeof tests[0]; t++)
            tests[t].initial_state = argv[i];
        failed += cmocka_run_group_tests_name(argv[i], tests, NULL, NULL);
    }
    return failed != 0;
}
