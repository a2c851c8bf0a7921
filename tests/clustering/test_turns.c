/* test_turns.c - reconstruction against its definition, over whole arrays in double.
 * SPDX-License-Identifier: MIT
 *
 * A made-up recording of 78 s: more frames than one block, a last chunk that is cut, windows with
 * gaps. Frames where the definition is a tie within rounding are not compared. */
#include "reconstruct/turns.h"

#include "packing.h"
#include "random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DIM = DR_EMBEDDING_DIM, CHUNK = DR_CHUNK_FRAMES, Q = DR_LOCAL_SPEAKERS, MAX_K = 8 };

static const int members[DR_CLASSES] = {0, 1, 2, 4, 3, 5, 6}; /* of the classes, as bits */

struct scene {
    struct dr_segmentation segmentation;
    struct dr_windows windows;
    struct dr_centroids centroids;
    struct dr_reconstruct_input in;
    struct dr_reconstruct_params params;
    struct dr_arena arena;
    const float *logprob; /* [num_chunks][589][7] */
    float *embedding;     /* [windows.num][192] as the windows have them */
    size_t num_frames;
    double duration_s;
    double *count, *speech; /* [num_frames] before rounding */
    double *probability;    /* [num_frames][num_speakers] */
    double *score;
    int8_t *ranked; /* [num_frames][3] who talks, most active first; -1: nobody */
    uint8_t *tie;   /* [num_frames] ranked is not sure */
    uint8_t *talks; /* [num_frames] bits, from ranked, smoothed */
};

static void make_logprob(struct scene *s, uint64_t *seed) {
    size_t num = s->segmentation.num_chunks * CHUNK;
    float *logprob = dr_arena_alloc(&s->arena, num * DR_CLASSES, sizeof *logprob);
    int class = 0;
    for (size_t f = 0; f < num; f++) {
        class = random_uniform(seed) < 0.03 ? (int)random_below(seed, DR_CLASSES) : class;
        for (int c = 0; c < DR_CLASSES; c++)
            logprob[f * DR_CLASSES + (size_t)c] =
                (float)((c == class ? 0 : -4) + 1.5 * random_normal(seed));
    }
    s->logprob = logprob;
}

static void make_scene(struct scene *s, size_t num_speakers, size_t step, uint64_t seed) {
    *s = (struct scene){.params = dr_reconstruct_defaults};
    s->segmentation.num_samples = 1250123;
    s->segmentation.step = step;
    s->segmentation.num_chunks = (s->segmentation.num_samples - 160000) / step + 2;
    s->duration_s = 1250123 / 16000.0;
    s->num_frames = (size_t)ceil(1250123 / 270.0) + 2;
    make_logprob(s, &seed);
    int32_t *assign = dr_arena_alloc(&s->arena, s->segmentation.num_chunks, Q * sizeof *assign);
    for (size_t i = 0; i < s->segmentation.num_chunks * Q; i++)
        assign[i] = random_uniform(&seed) < 0.1 ? -2 : (int32_t)random_below(&seed, num_speakers);
    s->centroids.num_speakers = num_speakers;
    s->centroids.centroid = dr_arena_alloc(&s->arena, num_speakers, DIM * sizeof(float));
    for (size_t k = 0; k < num_speakers; k++)
        random_voice(s->centroids.centroid + k * DIM, NULL, 1, &seed);
    s->windows.centre_s = dr_arena_alloc(&s->arena, 300, sizeof(double));
    s->embedding = dr_arena_alloc(&s->arena, 300, DIM * sizeof(float));
    for (size_t w = 4; w * 0.3 < s->duration_s; w++) {
        if (random_uniform(&seed) < 0.3)
            continue;
        float *embedding = s->embedding + s->windows.num * DIM;
        size_t k = random_below(&seed, num_speakers);
        /* The last speaker has no windows of its own: its centroid stays as given. */
        k = k > 0 && k == num_speakers - 1 ? 0 : k;
        random_voice(embedding, s->centroids.centroid + k * DIM, 1.2, &seed);
        s->windows.centre_s[s->windows.num++] = (double)w * 0.3 + 0.0175;
    }
    s->windows.embedding = pack_embeddings(s->embedding, s->windows.num, &s->arena);
    uint8_t *count = dr_arena_alloc(&s->arena, s->num_frames, 1);
    float *speech = dr_arena_alloc(&s->arena, s->num_frames, sizeof *speech);
    count_speakers(count, speech, &s->segmentation, s->logprob, &s->params, &s->arena);
    s->in = (struct dr_reconstruct_input){.segmentation = &s->segmentation,
                                          .count = count,
                                          .assign = assign,
                                          .num_speakers = num_speakers,
                                          .windows = &s->windows,
                                          .centroids = &s->centroids};
    s->speech = dr_arena_zalloc(&s->arena, s->num_frames, sizeof(double));
    for (size_t f = 0; f < s->num_frames; f++)
        s->speech[f] = speech[f];
}

/* p[7] of frame f of chunk c. */
static void class_probabilities(const struct scene *s, size_t c, size_t f, double *p) {
    const float *logprob = s->logprob + (c * CHUNK + f) * DR_CLASSES;
    double sum = 0;
    for (int i = 0; i < DR_CLASSES; i++) {
        p[i] = exp(logprob[i] + (i == 0 ? -0.5 : i > 3 ? 0.3 : 0));
        sum += p[i];
    }
    for (int i = 0; i < DR_CLASSES; i++)
        p[i] /= sum;
}

/* That local speaker q talks at frame f of chunk c, as the segmentation has it; p[7]: its classes.
 */
static double rounded_marginal(const struct scene *s, size_t c, size_t f, size_t q,
                               const double *p) {
    double exact = 0, kept = s->segmentation.marginal[(c * CHUNK + f) * Q + q] / 255.0;
    for (int i = 1; i < DR_CLASSES; i++)
        exact += members[i] >> q & 1 ? p[i] : 0;
    assert_true(fabs(kept - exact) < 0.5 / 255 + 1e-6);
    return kept;
}

static void define_probability(struct scene *s) {
    size_t K = s->in.num_speakers;
    double *weight = dr_arena_zalloc(&s->arena, s->num_frames, sizeof *weight);
    s->count = dr_arena_zalloc(&s->arena, s->num_frames, sizeof(double));
    double *speech = dr_arena_zalloc(&s->arena, s->num_frames, sizeof(double));
    s->probability = dr_arena_zalloc(&s->arena, s->num_frames * K, sizeof(double));
    s->score = dr_arena_zalloc(&s->arena, s->num_frames * K, sizeof(double));
    for (size_t c = 0; c < s->segmentation.num_chunks; c++) {
        size_t start = (size_t)nearbyint((double)(c * s->segmentation.step) / 270);
        for (size_t f = 0; f < CHUNK && start + f < s->num_frames; f++) {
            double p[DR_CLASSES], hamming = 0.54 - 0.46 * cos(2 * M_PI * (double)f / (CHUNK - 1));
            class_probabilities(s, c, f, p);
            weight[start + f] += hamming;
            speech[start + f] += hamming * (1 - p[0]);
            for (int i = 1; i < DR_CLASSES; i++)
                for (int q = 0; q < Q; q++)
                    s->count[start + f] += members[i] >> q & 1 ? hamming * p[i] : 0;
            for (size_t q = 0; q < Q; q++) {
                int32_t k = s->in.assign[c * Q + q];
                double marginal = rounded_marginal(s, c, f, q, p);
                if (k >= 0)
                    s->probability[(start + f) * K + (size_t)k] += hamming * marginal;
            }
        }
    }
    for (size_t f = 0; f < s->num_frames; f++) {
        double w = fmax(weight[f], 1e-6);
        s->count[f] /= w;
        assert_true(fabs(speech[f] / w - s->speech[f]) < 1e-5);
        for (size_t k = 0; k < K; k++)
            s->probability[f * K + k] /= w;
    }
}

static double dot_of(const float *a, const double *b) {
    double sum = 0;
    for (size_t d = 0; d < DIM; d++)
        sum += a[d] * b[d];
    return sum;
}

/* Centroids [num_speakers][192] of the windows whose best speaker leads by more than 0.1. */
static const double *define_centroids(struct scene *s) {
    size_t K = s->in.num_speakers;
    double *given = dr_arena_alloc(&s->arena, K, DIM * sizeof *given);
    double *out = dr_arena_zalloc(&s->arena, K, DIM * sizeof *out);
    size_t count[MAX_K] = {0}, kept = 0;
    for (size_t i = 0; i < K * DIM; i++)
        given[i] = s->centroids.centroid[i];
    for (size_t w = 0; w < s->windows.num; w++) {
        double best = -9, second = -9;
        size_t who = 0;
        for (size_t k = 0; k < K; k++) {
            double x = dot_of(s->embedding + w * DIM, given + k * DIM);
            second = x > best ? best : fmax(second, x);
            who = x > best ? k : who;
            best = fmax(best, x);
        }
        if (best - second <= 0.1)
            continue;
        count[who]++;
        for (size_t d = 0; d < DIM; d++)
            out[who * DIM + d] += s->embedding[w * DIM + d];
    }
    for (size_t k = 0; k < K; k++) {
        double squares = 0;
        for (size_t d = 0; d < DIM; d++)
            squares += out[k * DIM + d] * out[k * DIM + d];
        for (size_t d = 0; d < DIM; d++)
            out[k * DIM + d] = count[k] > 3 ? out[k * DIM + d] / sqrt(squares) : given[k * DIM + d];
        kept += count[k] <= 3;
    }
    assert_true(kept >= 1 && kept < K);
    return out;
}

static void define_score(struct scene *s) {
    size_t K = s->in.num_speakers;
    memcpy(s->score, s->probability, s->num_frames * K * sizeof(double));
    if (K < 2)
        return;
    const double *centroid = define_centroids(s);
    for (size_t f = 0; f < s->num_frames; f++) {
        double at = (double)f * 270 / 16000 + 991 / 2.0 / 16000, s_k[MAX_K], most = -9;
        size_t j = 0;
        while (j < s->windows.num && s->windows.centre_s[j] < at)
            j++;
        j = j < 1 ? 1 : j > s->windows.num - 1 ? s->windows.num - 1 : j;
        double x = s->windows.centre_s[j - 1], y = s->windows.centre_s[j];
        double v = fmin(fmax((at - x) / (y - x), 0), 1);
        for (size_t k = 0; k < K; k++) {
            s_k[k] = (1 - v) * dot_of(s->embedding + (j - 1) * DIM, centroid + k * DIM) +
                     v * dot_of(s->embedding + j * DIM, centroid + k * DIM);
            most = fmax(most, s_k[k]);
        }
        int near = fmin(fabs(at - x), fabs(at - y)) < 0.4;
        for (size_t k = 0; k < K; k++) {
            double *score = &s->score[f * K + k];
            if (s->in.count[f] == 1)
                *score += (near ? 8 * (s_k[k] - most) : 0) + 10;
            else if (s->in.count[f] > 1 && s->params.overlap_weight > 0)
                *score += s->params.overlap_weight * (s_k[k] - most) + (*score > 0.02 ? 10 : 0);
        }
    }
}

/* The count best of each frame with a score above 0.02. */
static void define_ranks(struct scene *s) {
    size_t K = s->in.num_speakers;
    s->ranked = dr_arena_alloc(&s->arena, s->num_frames, 3);
    s->tie = dr_arena_zalloc(&s->arena, s->num_frames, 1);
    s->talks = dr_arena_zalloc(&s->arena, s->num_frames, 1);
    size_t ties = 0;
    for (size_t f = 0; f < s->num_frames; f++) {
        const double *score = s->score + f * K;
        for (int c = 0; c < 3; c++) {
            int best = -1;
            double second = -99;
            for (int k = 0; k < (int)K; k++) {
                if (s->talks[f] >> k & 1)
                    continue;
                second = best >= 0 && score[k] > score[best] ? score[best]
                         : best >= 0                         ? fmax(second, score[k])
                                                             : second;
                best = best < 0 || score[k] > score[best] ? k : best;
            }
            int talks = c < s->in.count[f] && best >= 0 && score[best] > 0.02;
            if (c < s->in.count[f] && best >= 0 && score[best] > 0.01)
                s->tie[f] |= score[best] - second < 1e-4 || fabs(score[best] - 0.02) < 1e-5;
            for (size_t k = 0; k < K && s->in.count[f] > 1; k++)
                s->tie[f] |= fabs(s->probability[f * K + k] - 0.02) < 1e-5;
            s->ranked[f * 3 + (size_t)c] = (int8_t)(talks ? best : -1);
            s->talks[f] |= (uint8_t)(talks << (talks ? best : 0));
        }
        ties += s->tie[f];
    }
    assert_true(ties < s->num_frames / 100);
}

static double edge_s(const struct scene *s, size_t f) {
    return fmin((double)f * 270 / 16000 + (495.5 - 135) / 16000, s->duration_s);
}

/* Fills short pauses, then drops short turns, one speaker at a time. */
static void smooth_talks(struct scene *s) {
    for (size_t k = 0; k < s->in.num_speakers; k++)
        for (int pass = 0; pass < 2; pass++)
            for (size_t f = 0, end; f < s->num_frames; f = end) {
                int on = s->talks[f] >> k & 1;
                for (end = f; end < s->num_frames && (s->talks[end] >> k & 1) == on; end++) {
                }
                int inside = f > 0 && end < s->num_frames;
                double pause_s = (double)(end - f) * 270 / 16000;
                double turn_s = edge_s(s, end) - edge_s(s, f);
                int flip = pass == 0 ? !on && inside && pause_s < s->params.min_duration_off_s
                                     : on && turn_s < s->params.min_duration_on_s;
                for (size_t i = f; i < end && flip; i++)
                    s->talks[i] ^= (uint8_t)(1 << k);
            }
}

static void define_all(struct scene *s) {
    define_probability(s);
    define_score(s);
    define_ranks(s);
}

static size_t frame_at(double time_s) {
    return (size_t)llrint((time_s - (495.5 - 135) / 16000) * 16000 / 270);
}

/* The first frame that a turn has no more: a turn cut by the end of the recording has all. */
static size_t end_of(const struct scene *s, const struct dr_turn *turn) {
    return turn->end_s >= s->duration_s ? s->num_frames : frame_at(turn->end_s);
}

/* Frames on which both lie within the recording. */
static size_t num_inside(const struct scene *s) {
    size_t f = 0;
    while (f < s->num_frames && edge_s(s, f) < s->duration_s)
        f++;
    return f;
}

/* Bits of the speakers' old numbers on each frame. */
static uint8_t *rasterise(struct scene *s, const struct dr_turns *turns, const struct dr_turn *turn,
                          size_t num) {
    uint8_t *raster = dr_arena_zalloc(&s->arena, s->num_frames, 1);
    for (size_t i = 0; i < num; i++)
        for (size_t f = frame_at(turn[i].start_s); f < end_of(s, &turn[i]); f++) {
            uint8_t bit = (uint8_t)(1 << turns->order[turn[i].speaker]);
            assert_false(raster[f] & bit);
            raster[f] |= bit;
        }
    return raster;
}

static void check_list(const struct scene *s, const struct dr_turns *turns,
                       const struct dr_turn *turn, size_t num) {
    for (size_t i = 0; i < num; i++) {
        assert_true(turn[i].start_s >= 0 && turn[i].start_s < turn[i].end_s);
        assert_true(turn[i].end_s <= s->duration_s);
        assert_in_range(turn[i].speaker, 0, turns->num_speakers - 1);
        assert_true(turn[i].confidence >= 0 && turn[i].confidence <= 1);
        int overlap = 0;
        for (size_t j = 0; j < turns->num_turns; j++)
            overlap |= turns->turn[j].speaker != turn[i].speaker &&
                       turns->turn[j].start_s < turn[i].end_s &&
                       turn[i].start_s < turns->turn[j].end_s;
        assert_int_equal(turn[i].overlap, overlap);
        if (i > 0)
            assert_true(
                turn[i - 1].start_s < turn[i].start_s ||
                (turn[i - 1].start_s == turn[i].start_s && turn[i - 1].speaker < turn[i].speaker));
    }
}

static void check_numbers(const struct dr_turns *turns) {
    int32_t seen = 0;
    for (size_t i = 0; i < turns->num_turns; i++) {
        assert_in_range(turns->turn[i].speaker, 0, seen);
        seen += turns->turn[i].speaker == seen;
    }
    assert_int_equal(seen, turns->num_speakers);
    for (size_t a = 0; a < turns->num_speakers; a++)
        for (size_t b = 0; b < a; b++)
            assert_int_not_equal(turns->order[a], turns->order[b]);
}

static void check_confidence(const struct scene *s, const struct dr_turns *turns) {
    size_t K = s->in.num_speakers;
    for (size_t i = 0; i < turns->num_turns; i++) {
        const struct dr_turn *turn = &turns->turn[i];
        if (turn->end_s >= s->duration_s)
            continue;
        double sum = 0;
        size_t first = frame_at(turn->start_s), end = frame_at(turn->end_s);
        for (size_t f = first; f < end; f++)
            sum += fmin(s->probability[f * K + turns->order[turn->speaker]], 1);
        assert_true(fabs(sum / (double)(end - first) - turn->confidence) < 1e-4);
    }
}

static void check_exclusive(struct scene *s, const struct dr_turns *turns,
                            const uint8_t *overlapping) {
    const uint8_t *exclusive = rasterise(s, turns, turns->exclusive, turns->num_exclusive);
    for (size_t i = 1; i < turns->num_exclusive; i++)
        assert_true(turns->exclusive[i - 1].end_s <= turns->exclusive[i].start_s);
    for (size_t f = 0; f < num_inside(s); f++) {
        assert_int_equal(exclusive[f] != 0, overlapping[f] != 0);
        assert_int_equal(exclusive[f] & ~overlapping[f], 0);
        int best = s->ranked[f * 3];
        if (best >= 0 && !s->tie[f] && (overlapping[f] >> best & 1))
            assert_int_equal(exclusive[f], 1 << best);
    }
    for (size_t i = 0; i < turns->num_exclusive; i++) { /* as the turn that it is part of */
        const struct dr_turn *part = &turns->exclusive[i];
        size_t whole = 0;
        while (turns->turn[whole].speaker != part->speaker ||
               turns->turn[whole].end_s < part->end_s)
            whole++;
        assert_true(turns->turn[whole].start_s <= part->start_s);
        assert_true(turns->turn[whole].confidence == part->confidence);
    }
}

static void check_scene(struct scene *s, double on_s, double off_s, double overlap_weight) {
    s->params.min_duration_on_s = on_s;
    s->params.min_duration_off_s = off_s;
    s->params.overlap_weight = overlap_weight;
    define_all(s);
    for (size_t f = 0; f < s->num_frames; f++)
        if (fabs(s->count[f] - floor(s->count[f]) - 0.5) > 1e-5)
            assert_int_equal(s->in.count[f], (int)nearbyint(s->count[f]));
    struct dr_turns turns;
    assert_int_equal(dr_reconstruct(&turns, &s->in, &s->params, &s->arena, NULL), 0);
    assert_true(turns.num_turns > (on_s > 0 || off_s > 0 ? 0 : 50));
    const uint8_t *overlapping = rasterise(s, &turns, turns.turn, turns.num_turns);
    smooth_talks(s);
    size_t differ = 0, frames = num_inside(s);
    for (size_t f = 0; f < frames; f++)
        differ += !s->tie[f] && overlapping[f] != s->talks[f];
    /* With smoothing a tie may move the edge of a whole turn. */
    assert_in_range(differ, 0, on_s > 0 || off_s > 0 ? frames / 200 : 0);
    check_list(s, &turns, turns.turn, turns.num_turns);
    check_list(s, &turns, turns.exclusive, turns.num_exclusive);
    check_numbers(&turns);
    check_confidence(s, &turns);
    check_exclusive(s, &turns, overlapping);
    dr_arena_free(&s->arena);
}

static void turns_follow_the_definition(void **state) {
    (void)state;
    const struct {
        size_t num_speakers, step;
        double on_s, off_s, overlap_weight;
    } cases[] = {
        {4, 80000, 0, 0, 0},     {4, 80000, 0, 0, 2},    {3, 32000, 0, 0, 2},
        {2, 80000, 0.3, 0, 2},   {5, 80000, 0, 0.5, 2},  {8, 32000, 0.25, 0.4, 0},
        {1, 80000, 0.2, 0.2, 2}, {4, 8000, 0.1, 0.1, 2}, {3, 160000, 0, 0, 2},
        {6, 80000, 0.5, 0.2, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;
        make_scene(&s, cases[i].num_speakers, cases[i].step, 100 + i);
        check_scene(&s, cases[i].on_s, cases[i].off_s, cases[i].overlap_weight);
    }
}

static void without_windows_marginals_decide(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s, 3, 80000, 5);
    s.windows.num = 1;
    define_probability(&s);
    memcpy(s.score, s.probability, s.num_frames * 3 * sizeof(double));
    define_ranks(&s);
    struct dr_turns turns;
    assert_int_equal(dr_reconstruct(&turns, &s.in, &s.params, &s.arena, NULL), 0);
    const uint8_t *raster = rasterise(&s, &turns, turns.turn, turns.num_turns);
    for (size_t f = 0; f < num_inside(&s); f++)
        if (!s.tie[f])
            assert_int_equal(raster[f], s.talks[f]);
    dr_arena_free(&s.arena);
}

static void silence_has_no_turns(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s, 3, 80000, 6);
    uint8_t *silent = dr_arena_zalloc(&s.arena, s.num_frames, 1);
    s.in.count = silent;
    struct dr_turns turns;
    assert_int_equal(dr_reconstruct(&turns, &s.in, &s.params, &s.arena, NULL), 0);
    assert_int_equal(turns.num_turns + turns.num_exclusive + turns.num_speakers, 0);
    dr_arena_free(&s.arena);
}

static void speech_is_where_anybody_talks(void **state) {
    (void)state;
    struct scene s;
    make_scene(&s, 3, 80000, 8);
    float *speech = dr_arena_alloc(&s.arena, s.num_frames, sizeof *speech);
    for (size_t f = 0; f < s.num_frames; f++)
        speech[f] = (float)s.speech[f];
    struct dr_turns turns;
    assert_int_equal(dr_reconstruct_speech(&turns, s.in.count, speech, s.num_frames,
                                           s.segmentation.num_samples, &s.params, &s.arena, NULL),
                     0);
    assert_int_equal(turns.num_speakers, 1);
    assert_int_equal(turns.num_turns, turns.num_exclusive);
    const uint8_t *raster = rasterise(&s, &turns, turns.turn, turns.num_turns);
    for (size_t f = 0; f < num_inside(&s); f++)
        assert_int_equal(raster[f], s.in.count[f] > 0);
    for (size_t i = 0; i < turns.num_turns; i++)
        assert_memory_equal(&turns.turn[i], &turns.exclusive[i], sizeof(double) * 2);
    dr_arena_free(&s.arena);
}

/* Speech by thresholds: a walk of noise, and values that lie on the thresholds. Active at first
 * where it begins above the onset, and to the end where it never falls below the offset. */
static void speech_passes_onset_and_offset(void **state) {
    (void)state;
    enum { NUM = 4000 };
    const struct {
        double onset, offset;
    } cases[] = {{0.5, 0.357}, {0.5, 0.5}, {0.9, 0.1}, {0.25, 0}, {1, 0.5}, {0, 0}};
    struct dr_arena arena = {0};
    struct dr_reconstruct_params params = dr_reconstruct_defaults;
    float *speech = dr_arena_alloc(&arena, NUM, sizeof *speech);
    const uint8_t *nobody = dr_arena_zalloc(&arena, NUM, 1);
    uint8_t *found = dr_arena_alloc(&arena, NUM, 1);
    uint64_t seed = 9;
    for (size_t f = 0; f < NUM; f++)
        speech[f] =
            f % 16 == 0 ? 0.25f * (float)random_below(&seed, 5) : (float)random_uniform(&seed);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct dr_turns turns;
        params.onset = cases[c].onset;
        params.offset = cases[c].offset;
        assert_int_equal(dr_reconstruct_speech(&turns, nobody, speech, NUM, 270 * (NUM + 9),
                                               &params, &arena, NULL),
                         0);
        memset(found, 0, NUM);
        for (size_t i = 0; i < turns.num_turns; i++)
            for (long f = lrint((turns.turn[i].start_s - 0.0225314) / 0.016875);
                 f < lrint((turns.turn[i].end_s - 0.0225314) / 0.016875); f++)
                found[f] = 1;
        int talks = speech[0] > params.onset;
        for (size_t f = 0; f < NUM; f++) {
            if (f > 0 && talks && speech[f] < params.offset)
                talks = 0;
            else if (f > 0 && !talks && speech[f] > params.onset)
                talks = 1;
            assert_int_equal(found[f], talks);
        }
    }
    dr_arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_follow_the_definition),
        cmocka_unit_test(without_windows_marginals_decide),
        cmocka_unit_test(silence_has_no_turns),
        cmocka_unit_test(speech_is_where_anybody_talks),
        cmocka_unit_test(speech_passes_onset_and_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
