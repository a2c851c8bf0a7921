/* test_sections.c - embeddings made section by section against their definition over whole arrays.
 * SPDX-License-Identifier: MIT
 *
 * The conversation in examples/ (argument 1) in sections of 30 s. The definition: energies of the
 * whole recording, of which each frame loses the mean over the speech up to its section's end; the
 * network over chunks of 3 s; sums over the columns of each window and local speaker in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "embedding/pooling.h"
#include "pipeline/offline.h"
#include "setup.h"

enum { SECTION = DR_BLOCK_FRAMES, DIM = DR_EMBEDDING_DIM, Q = DR_LOCAL_SPEAKERS };

/* The first n samples, fed in parts and ended. */
static diarist_recording *record(size_t n, diarist_task task, int threads, size_t part) {
    diarist_options options;
    diarist_error err;
    diarist_recording *r;
    diarist_options_init(&options);
    options.num_threads = threads;
    options.task = task;
    assert_int_equal(diarist_recording_open(&r, model, &options, &err), 0);
    r->plan.section_frames = SECTION;
    for (size_t at = 0; at < n; at += part)
        assert_int_equal(
            diarist_recording_feed(r, samples + at, n - at < part ? n - at : part, &err), 0);
    assert_int_equal(dr_recording_end(r, task, &err), 0);
    return r;
}

/* ---- the definition ---- */

struct whole {
    diarist_recording *r; /* with all energies */
    size_t num_frames, num_columns;
    float *columns;  /* [num_columns][512] */
    uint8_t *usable; /* [num_columns] */
};

/* The segmentation frame whose centre, 270 f + 495.5, is nearest; `last` at most. */
static size_t nearest(double sample, size_t last) {
    size_t best = 0;
    for (size_t f = 1; f <= last; f++)
        if (fabs(270.0 * (double)f + 495.5 - sample) < fabs(270.0 * (double)best + 495.5 - sample))
            best = f;
    return best;
}

/* Frames at which somebody talks in a chunk. */
static uint8_t *find_speech(const struct whole *w) {
    uint8_t *speech = calloc(w->num_frames, 1);
    assert_non_null(speech);
    static size_t table[998];
    for (size_t k = 0; k < 998; k++)
        table[k] = nearest(160.0 * (double)k + 200, DR_CHUNK_FRAMES - 1);
    for (size_t i = 0; i < w->r->segments.num_chunks; i++)
        for (size_t k = 0; k < 998 && i * 500 + k < w->num_frames; k++)
            speech[i * 500 + k] |= w->r->segments.active[i * DR_CHUNK_FRAMES + table[k]] > 0;
    return speech;
}

static void run_trunk(struct whole *w, size_t begin, const double *mean) {
    size_t end = begin + 300 < w->num_frames ? begin + 300 : w->num_frames;
    size_t first = end - begin < 20 ? (end - 20) / 2 * 2 : begin;
    float *features = malloc(sizeof(float) * 320 * DR_MELS);
    float *columns = malloc(sizeof(float) * 160 * DR_COLUMN_DIM);
    float *scratch = NULL;
    assert_non_null(features);
    assert_non_null(columns);
    assert_int_equal(
        posix_memalign((void **)&scratch, DR_ALIGN, dr_campplus_trunk_scratch() * sizeof *scratch),
        0);
    for (size_t t = first; t < end; t++)
        for (size_t m = 0; m < DR_MELS; m++)
            features[(t - first) * DR_MELS + m] =
                dr_energies_frame(&w->r->energies, t)[m] - (float)mean[m];
    dr_campplus_trunk(w->r->workers.networks->campplus, columns, features, end - first,
                      DR_EVERY_COLUMN, scratch);
    memcpy(w->columns + begin / 2 * DR_COLUMN_DIM, columns + (begin - first) / 2 * DR_COLUMN_DIM,
           ((end + 1) / 2 - begin / 2) * DR_COLUMN_DIM * sizeof(float));
    free(scratch);
    free(columns);
    free(features);
}

static struct whole define(size_t n) {
    struct whole w = {.r = record(n, DIARIST_TASK_EMBED, 2, n)};
    w.num_frames = w.r->energies.num_frames;
    w.num_columns = (w.num_frames + 1) / 2;
    w.columns = calloc(w.num_columns, DR_COLUMN_DIM * sizeof *w.columns);
    w.usable = calloc(w.num_columns, 1);
    assert_non_null(w.columns);
    assert_non_null(w.usable);
    uint8_t *speech = find_speech(&w);
    double sum[DR_MELS] = {0}, mean[DR_MELS];
    size_t num = 0;
    for (size_t first = 0; first < w.num_frames; first += SECTION) {
        size_t end = first + SECTION < w.num_frames ? first + SECTION : w.num_frames;
        for (size_t t = first; t < end; t++)
            for (size_t m = 0; m < DR_MELS && speech[t]; m++, num += m == DR_MELS)
                sum[m] += dr_energies_frame(&w.r->energies, t)[m];
        for (size_t m = 0; m < DR_MELS; m++)
            mean[m] = sum[m] / (double)num;
        for (size_t begin = first; begin < end; begin += 300)
            run_trunk(&w, begin, mean);
    }
    for (size_t c = 0; c < w.num_columns; c++)
        w.usable[c] =
            w.r->segments
                .count[nearest(320.0 * (double)c + 280, w.r->segments.counter.first - 1)] == 1;
    free(speech);
    return w;
}

static void free_whole(struct whole *w) {
    diarist_recording_free(w->r);
    free(w->columns);
    free(w->usable);
}

/* What is pooled of the columns [begin, end) that keep marks has the direction of packed. */
static void assert_pooled(const struct whole *w, const struct dr_embedding *packed, size_t begin,
                          size_t end, const uint8_t *keep) {
    static double sum[DR_COLUMN_DIM];
    static float statistics[2 * DR_COLUMN_DIM];
    float embedding[DIM], values[DIM];
    double n = 0;
    memset(sum, 0, sizeof sum);
    for (size_t c = begin; c < end; c++)
        for (size_t d = 0; d < DR_COLUMN_DIM && keep[c - begin]; d++, n += d == DR_COLUMN_DIM)
            sum[d] += w->columns[c * DR_COLUMN_DIM + d];
    for (size_t d = 0; d < DR_COLUMN_DIM; d++) {
        double squares = 0, mean = sum[d] / n;
        for (size_t c = begin; c < end; c++)
            if (keep[c - begin])
                squares += pow(w->columns[c * DR_COLUMN_DIM + d] - mean, 2);
        statistics[d] = (float)mean;
        statistics[DR_COLUMN_DIM + d] = (float)sqrt(squares / (n - 1));
    }
    dr_campplus_head(w->r->workers.networks->campplus, embedding, statistics, 1);
    dr_embedding_unpack(values, packed);
    assert_true(diarist_similarity(embedding, values, DIM) > 0.99998);
}

static void check_windows(const struct whole *w, const struct dr_embeddings *made) {
    size_t num = 0, coarse = 0;
    for (size_t centre = 0; centre < w->num_columns; centre += 15) {
        size_t begin = centre > 37 ? centre - 37 : 0, inside = 0, near = 0;
        size_t end = centre + 37 < w->num_columns ? centre + 37 : w->num_columns;
        for (size_t c = begin; c < end; c++) {
            inside += w->usable[c];
            near += w->usable[c] && c + 8 >= centre && c < centre + 8;
        }
        if (inside < 25 || near < 4)
            continue;
        double centre_s = (320.0 * (double)centre + 280) / DR_SAMPLE_RATE;
        assert_in_range(num, 0, made->fine.num - 1);
        assert_true(fabs(made->fine.centre_s[num] - centre_s) < 1e-9);
        assert_pooled(w, &made->fine.embedding[num], begin, end, w->usable + begin);
        if (centre % 30 == 0) {
            assert_true(fabs(made->coarse.centre_s[coarse] - centre_s) < 1e-9);
            assert_int_equal(made->coarse.row[coarse++], num);
        }
        num++;
    }
    assert_int_equal(num, made->fine.num);
    assert_int_equal(coarse, made->coarse.num);
}

static void check_local_speakers(const struct whole *w, const struct dr_local_embeddings *made) {
    for (size_t i = 0; i < w->r->segments.num_chunks * Q; i++) {
        const uint8_t *active = w->r->segments.active + i / Q * DR_CHUNK_FRAMES;
        uint8_t keep[DR_CHUNK_COLUMNS];
        size_t begin = i / Q * 250, end = begin + DR_CHUNK_COLUMNS, clean = 0, num = 0;
        end = end < w->num_columns ? end : w->num_columns;
        for (size_t f = 0; f < DR_CHUNK_FRAMES; f++)
            clean += active[f] == 1 << i % Q;
        for (size_t c = begin; c < end; c++) {
            uint8_t at = active[nearest(320.0 * (double)(c - begin) + 280, DR_CHUNK_FRAMES - 1)];
            keep[c - begin] = clean >= 12 ? at == 1 << i % Q : at >> i % Q & 1;
            num += keep[c - begin];
        }
        assert_int_equal(made->has[i], num >= 8);
        if (num >= 8)
            assert_pooled(w, &made->embedding[i], begin, end, keep);
    }
}

/* ---- tests ---- */

/* Ends with a section, and less than a trunk chunk may be after one. */
static void sections_equal_definition(void **state) {
    (void)state;
    const size_t frames[] = {2 * SECTION, SECTION + 5};
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        size_t n = (frames[i] - 1) * 160 + 400;
        assert_in_range(n, 1, num_samples);
        struct whole w = define(n);
        assert_int_equal(w.num_frames, frames[i]);
        diarist_recording *r = record(n, DIARIST_TASK_DIARIZE, 2, n);
        assert_true(r->energies.num_blocks <= 2); /* the others are forgotten */
        check_windows(&w, &r->embedder.out);
        check_local_speakers(&w, &r->embedder.out.local);
        diarist_recording_free(r);
        free_whole(&w);
    }
}

static void assert_same(const diarist_recording *a, const diarist_recording *b) {
    const struct dr_embeddings *x = &a->embedder.out, *y = &b->embedder.out;
    assert_int_equal(x->fine.num, y->fine.num);
    assert_memory_equal(x->fine.embedding, y->fine.embedding,
                        x->fine.num * sizeof *x->fine.embedding);
    assert_int_equal(a->segments.num_chunks, b->segments.num_chunks);
    size_t num = a->segments.num_chunks * Q, frames = a->segments.num_chunks * DR_CHUNK_FRAMES;
    assert_memory_equal(a->segments.marginal, b->segments.marginal, frames * Q);
    assert_memory_equal(a->segments.active, b->segments.active, frames);
    assert_int_equal(a->segments.counter.first, b->segments.counter.first);
    assert_memory_equal(a->segments.count, b->segments.count, a->segments.counter.first);
    assert_memory_equal(x->local.has, y->local.has, num);
    for (size_t i = 0; i < num; i++)
        if (x->local.has[i])
            assert_memory_equal(&x->local.embedding[i], &y->local.embedding[i],
                                sizeof *x->local.embedding);
}

/* A round of one thread is 35 s: sections end while it is fed. One of five threads is longer than
 * the recording: all of them are run at the end. */
static void neither_threads_nor_feeding_matter(void **state) {
    (void)state;
    size_t n = (size_t)65 * DR_SAMPLE_RATE;
    diarist_recording *one = record(n, DIARIST_TASK_DIARIZE, 1, n);
    diarist_recording *many = record(n, DIARIST_TASK_DIARIZE, 5, 7777);
    assert_same(one, many);
    diarist_recording_free(many);
    diarist_recording_free(one);
}

static void other_tasks_are_refused(void **state) {
    (void)state;
    for (int task = DIARIST_TASK_DIARIZE; task <= DIARIST_TASK_EMBED; task++) {
        diarist_options options;
        diarist_recording *r;
        diarist_result *result;
        diarist_error err;
        float embedding[DIM];
        const diarist_region whole = {0, 4, 0};
        diarist_options_init(&options);
        options.task = task;
        assert_int_equal(diarist_recording_open(&r, model, &options, &err), 0);
        assert_int_equal(diarist_recording_feed(r, samples, 4 * DR_SAMPLE_RATE, &err), 0);
        if (task != DIARIST_TASK_DIARIZE)
            assert_int_equal(diarist_recording_diarize(&result, r, &err), DIARIST_ERROR_ARGUMENT);
        if (task != DIARIST_TASK_VAD)
            assert_int_equal(diarist_recording_vad(&result, r, &err), DIARIST_ERROR_ARGUMENT);
        if (task != DIARIST_TASK_EMBED)
            assert_int_equal(diarist_recording_embed(embedding, NULL, r, &whole, 1, 1, &err),
                             DIARIST_ERROR_ARGUMENT);
        assert_non_null(strstr(err.message, "DIARIST_TASK_"));
        diarist_recording_free(r);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_equal_definition),
        cmocka_unit_test(neither_threads_nor_feeding_matter),
        cmocka_unit_test(other_tasks_are_refused),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: test_sections CONVERSATION\n");
        return 2;
    }
    if (set_up(argv[1], 65, NULL))
        return 1;
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
