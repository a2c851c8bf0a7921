/* speakers.c - from windows to speakers, as many as were asked for.
 * SPDX-License-Identifier: MIT
 *
 * threshold -> cluster of each window -> speaker of each cluster -> confirmed? -> within bounds?
 *   no: next threshold;  none left: merge, promote or split -> speaker of each window -> centroids
 */
#include "clustering/speakers.h"

#include "clustering/centroids.h"
#include "clustering/confirm.h"
#include "clustering/split.h"
#include "clustering/upgma.h"

#include <math.h>
#include <string.h>

enum { DIM = DR_EMBEDDING_DIM };
enum { COARSE = 4 }; /* steps between thresholds that need a linkage of their own */

/* One clustering: the cluster of each window, and which clusters are speakers. */
struct trial {
    int32_t *cluster; /* [num_windows] */
    int32_t *speaker; /* [num_clusters], room for num_windows; -1: too small */
    size_t *size;     /* the same shape */
    size_t num_clusters, num_speakers;
};

static int trial_init(struct trial *trial, size_t num_windows, struct dr_arena *arena) {
    trial->cluster = dr_arena_alloc(arena, num_windows, sizeof *trial->cluster);
    trial->speaker = dr_arena_alloc(arena, num_windows, sizeof *trial->speaker);
    trial->size = dr_arena_alloc(arena, num_windows, sizeof *trial->size);
    return trial->cluster && trial->speaker && trial->size ? 0 : -1;
}

/* What one search works on. */
struct search {
    const struct dr_windows *windows;
    const struct dr_links *links;
    size_t num_samples;
    const struct dr_cluster_params *params;
    struct dr_cluster_tree tree;
    struct dr_arena *arena;
    size_t low, high; /* bounds of the number of speakers */
};

static int try_threshold(struct trial *trial, const struct search *search, double threshold,
                         diarist_error *err) {
    int status =
        dr_cluster_tree_cut(trial->cluster, &trial->num_clusters, &search->tree, search->windows,
                            search->links, search->params, threshold, search->arena, err);
    if (status)
        return status;
    memset(trial->size, 0, search->windows->num * sizeof *trial->size);
    for (size_t w = 0; w < search->windows->num; w++)
        trial->size[trial->cluster[w]]++;
    trial->num_speakers =
        dr_centroids_keep(trial->speaker, trial->size, trial->num_clusters, search->windows->num,
                          search->num_samples, search->params);
    return DIARIST_OK;
}

/* Clusters that are not speakers of their own are none. */
static int confirm(struct trial *trial, const struct search *search, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(search->arena);
    size_t num = search->windows->num, kept = 0;
    int32_t *speaker = dr_arena_alloc(search->arena, num, sizeof *speaker);
    uint8_t *confirmed = dr_arena_alloc(search->arena, trial->num_speakers, sizeof *confirmed);
    if (!speaker || !confirmed)
        return dr_fail_memory(err);
    for (size_t w = 0; w < num; w++)
        speaker[w] = trial->speaker[trial->cluster[w]];
    int status =
        dr_confirm_speakers(confirmed, search->windows, search->links, speaker, trial->num_speakers,
                            &search->params->confirm, search->arena, err);
    for (size_t k = 0; k < trial->num_clusters && !status; k++)
        if (trial->speaker[k] >= 0)
            trial->speaker[k] = confirmed[trial->speaker[k]] ? (int32_t)kept++ : -1;
    if (!status)
        trial->num_speakers = kept;
    dr_arena_rewind(search->arena, mark);
    return status;
}

/* How far a count is from the bounds. */
static size_t distance(const struct search *search, const struct trial *trial) {
    size_t num = trial->num_speakers;
    return num < search->low ? search->low - num : num > search->high ? num - search->high : 0;
}

/* Whether a threshold some steps above or below the default is to be tried. */
static int worth_trying(const struct search *search, size_t steps, double threshold) {
    const struct dr_cluster_params *params = search->params;
    /* A hair of room, so that the ends of the range are not lost to rounding. */
    if (threshold < params->search_low - 1e-9 || threshold > params->search_high + 1e-9)
        return 0;
    return threshold <= search->tree.highest || steps % COARSE == 0;
}

/* Tries thresholds on both sides of the default, nearest first, until the count is within the
 * bounds. *best starts as the trial at the default and ends as the nearest; *spare is overwritten.
 */
static int search_threshold(struct trial *best, struct trial *spare, const struct search *search,
                            diarist_error *err) {
    const struct dr_cluster_params *params = search->params;
    double first_sign = best->num_speakers < search->low ? 1 : -1;
    double farthest =
        fmax(params->search_high - params->threshold, params->threshold - params->search_low);
    size_t num_steps = farthest > 0 ? (size_t)(farthest / params->search_step) + 1 : 0;
    for (size_t i = 2; i < 2 * (num_steps + 1) && distance(search, best) > 0; i++) {
        double sign = i % 2 == 0 ? first_sign : -first_sign;
        double threshold = params->threshold + sign * (double)(i / 2) * params->search_step;
        if (!worth_trying(search, i / 2, threshold))
            continue;
        int status = try_threshold(spare, search, threshold, err);
        if (status)
            return status;
        if (distance(search, spare) < distance(search, best)) {
            struct trial swap = *best;
            *best = *spare;
            *spare = swap;
        }
    }
    return DIARIST_OK;
}

/* The largest cluster that is not a speaker becomes one. 0 when there is none. */
static int promote_cluster(struct trial *trial) {
    size_t largest = trial->num_clusters;
    for (size_t k = 0; k < trial->num_clusters; k++)
        if (trial->speaker[k] < 0 &&
            (largest == trial->num_clusters || trial->size[k] > trial->size[largest]))
            largest = k;
    if (largest == trial->num_clusters)
        return 0;
    trial->speaker[largest] = (int32_t)trial->num_speakers++;
    return 1;
}

/* Splits the largest speaker in two. 0 when every speaker has one window. */
static int split_speaker(struct trial *trial, const struct dr_windows *windows) {
    size_t from = 0;
    for (size_t k = 1; k < trial->num_clusters; k++)
        from = trial->size[k] > trial->size[from] ? k : from;
    if (trial->size[from] < 2)
        return 0;
    float direction[2][DIM];
    int32_t new = (int32_t)trial->num_clusters;
    dr_split_cluster(trial->cluster, direction, windows, (int32_t)from, new);
    size_t size = 0;
    for (size_t w = 0; w < windows->num; w++)
        size += trial->cluster[w] == new;
    trial->size[trial->num_clusters] = size;
    trial->size[from] -= size;
    trial->speaker[trial->num_clusters++] = (int32_t)trial->num_speakers++;
    return 1;
}

/* Merges the two speakers with the most similar centroids. */
static int merge_speakers(struct trial *trial, const struct search *search, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(search->arena);
    size_t num = search->windows->num;
    int32_t *speaker = dr_arena_alloc(search->arena, num, sizeof *speaker);
    if (!speaker)
        return dr_fail_memory(err);
    for (size_t w = 0; w < num; w++)
        speaker[w] = trial->speaker[trial->cluster[w]];
    struct dr_centroids centroids;
    int status = dr_centroids_build(&centroids, search->windows, speaker, trial->num_speakers,
                                    search->arena, err);
    if (status)
        return status;
    int32_t into = 0, from = 1;
    float best = -INFINITY;
    for (int32_t i = 0; i < (int32_t)trial->num_speakers; i++) {
        for (int32_t j = i + 1; j < (int32_t)trial->num_speakers; j++) {
            float similarity = dr_dot(centroids.centroid + i * DIM, centroids.centroid + j * DIM);
            if (similarity > best) {
                best = similarity;
                into = i;
                from = j;
            }
        }
    }
    for (size_t k = 0; k < trial->num_clusters; k++)
        if (trial->speaker[k] == from)
            trial->speaker[k] = into;
        else if (trial->speaker[k] > from)
            trial->speaker[k]--;
    trial->num_speakers--;
    dr_arena_rewind(search->arena, mark);
    return DIARIST_OK;
}

/* Makes the count fit when no threshold did. */
static int meet_bounds(struct trial *trial, const struct search *search, diarist_error *err) {
    while (trial->num_speakers < search->low &&
           (promote_cluster(trial) || split_speaker(trial, search->windows))) {
    }
    int status = DIARIST_OK;
    while (!status && trial->num_speakers > search->high)
        status = merge_speakers(trial, search, err);
    return status;
}

/* Speaker of each window, numbered by first window. number: [num_speakers] of scratch. */
static void number_speakers(int32_t *speaker, int32_t *number, const struct trial *trial,
                            size_t num_windows) {
    memset(number, 0xff, trial->num_speakers * sizeof *number); /* -1 */
    int32_t next = 0;
    for (size_t w = 0; w < num_windows; w++) {
        int32_t k = trial->speaker[trial->cluster[w]];
        if (k >= 0 && number[k] < 0)
            number[k] = next++;
        speaker[w] = k < 0 ? -1 : number[k];
    }
}

/* What is taken when it is within the bounds; otherwise where the search for others begins. */
static int first_trial(struct trial *trial, const struct search *search, diarist_error *err) {
    const struct dr_cluster_params *params = search->params;
    int status = DIARIST_OK;
    if (params->confirm.rise > 0) {
        status = try_threshold(trial, search, params->threshold + params->confirm.rise, err);
        if (!status && trial->num_speakers > 1)
            status = confirm(trial, search, err);
        if (status || distance(search, trial) == 0)
            return status;
    }
    return try_threshold(trial, search, params->threshold, err);
}

static int choose_speakers(int32_t *speaker, size_t *num_speakers, struct search *search,
                           diarist_error *err) {
    size_t num = search->windows->num;
    const struct dr_cluster_params *params = search->params;
    int bounded = params->min_speakers > 0 || params->max_speakers > 0;
    double lowest = bounded ? fmin(params->threshold, params->search_low) : params->threshold;
    int status = dr_cluster_tree_build(&search->tree, search->windows, search->links, params,
                                       lowest, search->arena, err);
    if (status)
        return status;
    struct trial best, spare;
    int32_t *number = dr_arena_alloc(search->arena, num, sizeof *number);
    if (!number || trial_init(&best, num, search->arena) || trial_init(&spare, num, search->arena))
        return dr_fail_memory(err);
    status = first_trial(&best, search, err);
    if (!status)
        status = search_threshold(&best, &spare, search, err);
    if (!status)
        status = meet_bounds(&best, search, err);
    if (!status) {
        number_speakers(speaker, number, &best, num);
        *num_speakers = best.num_speakers;
    }
    return status;
}

int dr_find_speakers(struct dr_centroids *out, int32_t **speaker, const struct dr_windows *windows,
                     const struct dr_links *links, size_t num_samples,
                     const struct dr_cluster_params *params, struct dr_arena *arena,
                     diarist_error *err) {
    *out = (struct dr_centroids){0};
    int32_t *speaker_of = dr_arena_alloc(arena, windows->num, sizeof *speaker_of);
    if (!speaker_of)
        return dr_fail_memory(err);
    if (speaker)
        *speaker = speaker_of;
    if (windows->num == 0)
        return DIARIST_OK;
    struct search search = {.windows = windows,
                            .links = links,
                            .num_samples = num_samples,
                            .params = params,
                            .arena = arena,
                            .low = params->min_speakers ? params->min_speakers : 1,
                            .high = params->max_speakers ? params->max_speakers : SIZE_MAX};
    struct dr_arena_mark mark = dr_arena_mark(arena);
    size_t num_speakers = 0;
    int status = choose_speakers(speaker_of, &num_speakers, &search, err);
    if (status)
        return status;
    dr_arena_rewind(arena, mark);
    return dr_centroids_build(out, windows, speaker_of, num_speakers, arena, err);
}
