/* test_long.c - what the stages after the networks need for very long recordings.
 * SPDX-License-Identifier: MIT
 *
 * Made-up recordings of 3 and of 12 hours: five voices, windows every 0.3 s, one local speaker at a
 * time. Every allocation of the stages goes through the test (--wrap), which keeps the peak: it
 * must grow no faster than the recording, and the voices must be found. */
#define _GNU_SOURCE
#include "clustering/assign.h"
#include "clustering/speakers.h"
#include "reconstruct/turns.h"

#include "packing.h"
#include "random.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DIM = DR_EMBEDDING_DIM, CHUNK = DR_CHUNK_FRAMES, Q = DR_LOCAL_SPEAKERS, VOICES = 5 };
enum { TURN_WINDOWS = 20 }; /* 6 s of one voice */

static float voice[VOICES][DIM];
static size_t live, peak;

int __real_posix_memalign(void **p, size_t align, size_t size);
void __real_free(void *p);
int __wrap_posix_memalign(void **p, size_t align, size_t size);
void __wrap_free(void *p);

int __wrap_posix_memalign(void **p, size_t align, size_t size) {
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

struct recording {
    struct dr_arena arena;
    struct dr_segmentation segmentation;
    struct dr_windows fine, coarse;
    struct dr_local_embeddings local;
    uint8_t *count;
    uint32_t *row;
};

static void *new_array(struct recording *r, size_t num, size_t size) {
    void *array = dr_arena_zalloc(&r->arena, num, size);
    assert_non_null(array);
    return array;
}

/* Who talks at a time: voices take turns of 6 s. */
static size_t voice_at(double s) {
    return (size_t)(s / (0.3 * TURN_WINDOWS)) * 7 % VOICES;
}

static void make_windows(struct recording *r, size_t num) {
    uint64_t seed = 5;
    r->fine.num = num;
    r->fine.embedding = new_array(r, num, sizeof *r->fine.embedding);
    r->fine.centre_s = new_array(r, num, sizeof(double));
    r->row = new_array(r, num / 2 + 1, sizeof *r->row);
    r->coarse.centre_s = new_array(r, num / 2 + 1, sizeof(double));
    for (size_t w = 0; w < num; w++) {
        float values[DIM];
        r->fine.centre_s[w] = 0.3 * (double)w + 0.15;
        /* Each is its voice and something of its own. */
        for (size_t d = 0; d < DIM; d++)
            values[d] = (float)(voice[voice_at(r->fine.centre_s[w])][d] +
                                (random_uniform(&seed) - 0.5) * 0.2);
        double squares = 0;
        for (size_t d = 0; d < DIM; d++)
            squares += (double)values[d] * values[d];
        for (size_t d = 0; d < DIM; d++)
            values[d] = (float)(values[d] / sqrt(squares));
        dr_embedding_pack(&r->fine.embedding[w], values);
        if (w % 2)
            continue;
        r->coarse.centre_s[r->coarse.num] = r->fine.centre_s[w];
        r->row[r->coarse.num++] = (uint32_t)w;
    }
    r->coarse.embedding = r->fine.embedding;
    r->coarse.row = r->row;
}

/* In each chunk the local speakers are the voices, in turn. */
static void make_segmentation(struct recording *r, size_t num_samples) {
    size_t num_chunks = (num_samples - 160000) / 80000 + 1;
    uint8_t *active = new_array(r, num_chunks, CHUNK);
    uint8_t *marginal = new_array(r, num_chunks, (size_t)CHUNK * Q);
    r->local.embedding = new_array(r, num_chunks * Q, sizeof *r->local.embedding);
    r->local.has = new_array(r, num_chunks, Q);
    for (size_t i = 0; i < num_chunks; i++)
        for (size_t f = 0; f < CHUNK; f++) {
            double s = 5.0 * (double)i + (double)f * 270 / 16000;
            size_t turn = (size_t)(s / (0.3 * TURN_WINDOWS)), q = turn % Q;
            active[i * CHUNK + f] = (uint8_t)(1 << q);
            marginal[(i * CHUNK + f) * Q + q] = 230;
            r->local.has[i * Q + q] = 1;
            dr_embedding_pack(&r->local.embedding[i * Q + q], voice[voice_at(s)]);
        }
    r->segmentation = (struct dr_segmentation){.num_chunks = num_chunks,
                                               .step = 80000,
                                               .num_samples = num_samples,
                                               .active = active,
                                               .marginal = marginal};
    r->count = new_array(r, dr_num_frames(num_samples), 1);
    memset(r->count, 1, dr_num_frames(num_samples));
}

/* Runs the stages; the peak of what they allocate. */
static size_t run(size_t hours) {
    struct recording r = {.arena = {NULL}};
    struct dr_arena arena = {NULL};
    struct dr_links links;
    struct dr_centroids centroids;
    struct dr_turns turns;
    uint64_t seed = 3;
    for (size_t k = 0; k < VOICES; k++)
        random_voice(voice[k], k ? voice[0] : NULL, k ? 1.2 : 1, &seed);
    size_t num_samples = hours * 3600 * 16000;
    make_windows(&r, hours * 12000);
    make_segmentation(&r, num_samples);
    live = peak = 0;
    assert_int_equal(dr_links_build(&links, &r.coarse, &r.segmentation, &arena, NULL), 0);
    assert_int_equal(dr_find_speakers(&centroids, NULL, &r.coarse, &links, num_samples,
                                      &dr_cluster_defaults, &arena, NULL),
                     0);
    assert_int_equal(centroids.num_speakers, VOICES);
    int32_t *assign = dr_arena_alloc(&arena, r.segmentation.num_chunks, Q * sizeof *assign);
    assert_int_equal(dr_assign_local_speakers(assign, &r.segmentation, &r.local, &centroids,
                                              &dr_cluster_defaults, &arena, NULL),
                     0);
    struct dr_reconstruct_input in = {.segmentation = &r.segmentation,
                                      .count = r.count,
                                      .assign = assign,
                                      .num_speakers = VOICES,
                                      .windows = &r.fine,
                                      .centroids = &centroids};
    assert_int_equal(dr_reconstruct(&turns, &in, &dr_reconstruct_defaults, &arena, NULL), 0);
    assert_int_equal(turns.num_speakers, VOICES);
    assert_in_range(turns.num_turns, hours * 500, hours * 700); /* 600 in an hour */
    size_t needed = peak;
    dr_arena_free(&arena);
    dr_arena_free(&r.arena);
    return needed;
}

static void memory_is_linear(void **state) {
    (void)state;
    size_t three = run(3), twelve = run(12);
    printf("%.1f MB for 3 hours, %.1f MB for 12\n", (double)three / 1e6, (double)twelve / 1e6);
    assert_true(twelve < 4.2 * (double)three);
    /* 48 MB for a day, beside what a recording keeps. */
    assert_true((double)twelve / 12 < 2e6);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_is_linear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
