/* activity.c - how active each speaker is at each frame, block by block.
 * SPDX-License-Identifier: MIT */
#include "reconstruct/activity.h"

#include "reconstruct/count.h"
#include "reconstruct/frames.h"

#include <math.h>
#include <string.h>

enum { DIM = DR_EMBEDDING_DIM, MAX_BLOCK = 2048, MIN_BLOCK = 64, MAX_BLOCK_VALUES = 65536 };
enum { MIN_SURE_WINDOWS = 4 }; /* to re-estimate a centroid */

/* Added where the embeddings decide among speakers, so that min_activity does not bar them. */
#define DECIDED 10.0f

static double frame_centre_s(size_t frame) {
    return (double)frame * DR_FRAME_S + DR_FRAME_DURATION / 2.0 / DR_SAMPLE_RATE;
}

/* similarity [num_speakers] of an embedding to all centroids. */
static void compare(float *similarity, const float *embedding, const float *centroid,
                    size_t num_speakers) {
    for (size_t k = 0; k < num_speakers; k++) {
        double dot = 0;
        for (size_t d = 0; d < DIM; d++)
            dot += (double)embedding[d] * centroid[k * DIM + d];
        similarity[k] = (float)dot;
    }
}

/* The most similar speaker when it leads by gap, or num_speakers. */
static size_t sure_speaker(const float *similarity, size_t num_speakers, double gap) {
    size_t best = 0;
    float second = -INFINITY;
    for (size_t k = 1; k < num_speakers; k++) {
        if (similarity[k] > similarity[best]) {
            second = similarity[best];
            best = k;
        } else {
            second = fmaxf(second, similarity[k]);
        }
    }
    return similarity[best] - second > gap ? best : num_speakers;
}

/* Centroids of the windows that are sure whose they are; the given one where these are few. */
static int re_estimate(struct dr_activity *a, struct dr_arena *arena) {
    const struct dr_windows *windows = a->in.windows;
    const float *given = a->in.centroids->centroid;
    size_t num_speakers = a->in.num_speakers;
    a->centroid = dr_arena_alloc(arena, num_speakers, DIM * sizeof *a->centroid);
    struct dr_arena_mark mark = dr_arena_mark(arena);
    float *similarity = dr_arena_alloc(arena, num_speakers, sizeof *similarity);
    double *sums = dr_arena_zalloc(arena, num_speakers, DIM * sizeof *sums);
    size_t *count = dr_arena_zalloc(arena, num_speakers, sizeof *count);
    if (!a->centroid || !similarity || !sums || !count)
        return -1;
    for (size_t w = 0; w < windows->num; w++) {
        float embedding[DIM];
        dr_window_unpack(embedding, windows, w);
        compare(similarity, embedding, given, num_speakers);
        size_t best = sure_speaker(similarity, num_speakers, a->params.gap);
        if (best == num_speakers)
            continue;
        count[best]++;
        for (size_t d = 0; d < DIM; d++)
            sums[best * DIM + d] += embedding[d];
    }
    for (size_t k = 0; k < num_speakers; k++) {
        double squares = 0;
        for (size_t d = 0; d < DIM; d++)
            squares += sums[k * DIM + d] * sums[k * DIM + d];
        double norm = fmax(sqrt(squares), 1e-9);
        for (size_t d = 0; d < DIM; d++) {
            size_t at = k * DIM + d;
            a->centroid[at] = count[k] < MIN_SURE_WINDOWS ? given[at] : (float)(sums[at] / norm);
        }
    }
    dr_arena_rewind(arena, mark);
    return 0;
}

/* The later one of the two windows that frame lies between; the first two or the last two outside.
 * from: where to start, not after it. */
static size_t later_window(const struct dr_windows *windows, size_t frame, size_t from) {
    double at_s = frame_centre_s(frame);
    size_t later = from < 1 ? 1 : from;
    while (later + 1 < windows->num && windows->centre_s[later] < at_s)
        later++;
    return later;
}

/* The most windows that the frames of any block lie between. */
static size_t most_windows(const struct dr_activity *a) {
    size_t most = 0, later = 1;
    for (size_t first = 0; first < a->num_frames; first += a->block_frames) {
        size_t end =
            first + a->block_frames < a->num_frames ? first + a->block_frames : a->num_frames;
        size_t from = later_window(a->in.windows, first, later);
        later = later_window(a->in.windows, end - 1, from);
        most = later - from + 2 > most ? later - from + 2 : most;
    }
    return most;
}

int dr_activity_open(struct dr_activity *activity, const struct dr_reconstruct_input *in,
                     const struct dr_reconstruct_params *params, struct dr_arena *arena,
                     diarist_error *err) {
    struct dr_activity *a = activity;
    size_t block = MAX_BLOCK_VALUES / in->num_speakers;
    *a = (struct dr_activity){
        .in = *in,
        .params = *params,
        .num_frames = dr_num_frames(in->segmentation->num_samples),
        .block_frames = block < MIN_BLOCK   ? MIN_BLOCK
                        : block > MAX_BLOCK ? MAX_BLOCK
                                            : block,
        .resegment = in->num_speakers >= 2 && in->windows && in->windows->num >= 2,
    };
    size_t row = in->num_speakers * sizeof(float);
    a->hamming = dr_arena_alloc(arena, DR_CHUNK_FRAMES, sizeof *a->hamming);
    a->weight = dr_arena_alloc(arena, a->block_frames, sizeof *a->weight);
    a->probability = dr_arena_alloc(arena, a->block_frames, row);
    a->score = dr_arena_alloc(arena, a->block_frames, row);
    if (!a->hamming || !a->weight || !a->probability || !a->score)
        return dr_fail_memory(err);
    dr_hamming(a->hamming);
    if (a->resegment) {
        a->similarity = dr_arena_alloc(arena, most_windows(a), row);
        if (!a->similarity || re_estimate(a, arena))
            return dr_fail_memory(err);
    }
    return DIARIST_OK;
}

/* Hamming-weighted mean over the chunks of the marginals of the local speakers of each speaker. */
static void aggregate(struct dr_activity *a, size_t first, size_t num) {
    const struct dr_segmentation *segmentation = a->in.segmentation;
    size_t num_speakers = a->in.num_speakers;
    memset(a->probability, 0, num * num_speakers * sizeof *a->probability);
    memset(a->weight, 0, num * sizeof *a->weight);
    size_t chunk = dr_first_chunk(segmentation, first);
    struct dr_span span;
    while (dr_next_span(&span, &chunk, segmentation, first, first + num)) {
        const uint8_t *marginal =
            segmentation->marginal +
            (span.chunk * DR_CHUNK_FRAMES + span.in_chunk) * DR_LOCAL_SPEAKERS;
        const int32_t *speaker = a->in.assign + span.chunk * DR_LOCAL_SPEAKERS;
        for (size_t i = 0; i < span.num; i++) {
            float weight = a->hamming[span.in_chunk + i];
            float *to = a->probability + (span.frame - first + i) * num_speakers;
            for (size_t q = 0; q < DR_LOCAL_SPEAKERS; q++)
                if (speaker[q] >= 0)
                    to[speaker[q]] += (float)marginal[i * DR_LOCAL_SPEAKERS + q] *
                                      (weight / (float)DR_MARGINAL_ONE);
            a->weight[span.frame - first + i] += weight;
        }
    }
    for (size_t i = 0; i < num; i++)
        for (size_t k = 0; k < num_speakers; k++) {
            float *p = a->probability + i * num_speakers + k;
            *p = (float)(*p / fmax(a->weight[i], 1e-6));
        }
}

/* Adds to score what the windows x and y around the frame say of its speakers: weight times how far
 * each is behind the most similar one. share: of y, 0 to 1. */
static void add_similarity(float *score, const float *x, const float *y, double share,
                           double weight, size_t num_speakers) {
    double highest = -INFINITY;
    for (size_t k = 0; k < num_speakers; k++) {
        /* No fmax: gcc 12 for AArch64 breaks down on it at -O3. */
        double similarity = x[k] * (1 - share) + y[k] * share;
        highest = similarity > highest ? similarity : highest;
    }
    for (size_t k = 0; k < num_speakers; k++)
        score[k] += (float)(weight * (x[k] * (1 - share) + y[k] * share - highest));
}

static void resegment(struct dr_activity *a, size_t first, size_t num) {
    const struct dr_windows *windows = a->in.windows;
    size_t num_speakers = a->in.num_speakers;
    size_t from = later_window(windows, first, a->window);
    size_t to = later_window(windows, first + num - 1, from);
    for (size_t w = from - 1; w <= to; w++) {
        float embedding[DIM];
        dr_window_unpack(embedding, windows, w);
        compare(a->similarity + (w - (from - 1)) * num_speakers, embedding, a->centroid,
                num_speakers);
    }
    size_t later = from;
    for (size_t i = 0; i < num; i++) {
        unsigned count = a->in.count[first + i];
        if (count == 0 || (count > 1 && a->params.overlap_weight <= 0))
            continue;
        later = later_window(windows, first + i, later);
        double at_s = frame_centre_s(first + i);
        double x_s = windows->centre_s[later - 1], y_s = windows->centre_s[later];
        double share = fmin(fmax((at_s - x_s) / fmax(y_s - x_s, 1e-6), 0), 1);
        const float *y = a->similarity + (later - (from - 1)) * num_speakers;
        const float *x = y - num_speakers;
        float *score = a->score + i * num_speakers;
        for (size_t k = 0; k < num_speakers; k++)
            score[k] += count == 1 || score[k] > a->params.min_activity ? DECIDED : 0;
        if (count > 1)
            add_similarity(score, x, y, share, a->params.overlap_weight, num_speakers);
        else if (fmin(fabs(at_s - x_s), fabs(at_s - y_s)) < a->params.reach_s)
            add_similarity(score, x, y, share, a->params.single_weight, num_speakers);
    }
    a->window = to;
}

void dr_activity_next(struct dr_activity *activity) {
    struct dr_activity *a = activity;
    a->first += a->num;
    a->num =
        a->num_frames - a->first < a->block_frames ? a->num_frames - a->first : a->block_frames;
    if (a->num == 0)
        return;
    aggregate(a, a->first, a->num);
    memcpy(a->score, a->probability, a->num * a->in.num_speakers * sizeof *a->score);
    if (a->resegment)
        resegment(a, a->first, a->num);
}
