/* speakers.c - who there has been so far, as a live stream knows them.
 * SPDX-License-Identifier: MIT */
#include "live/speakers.h"

#include <math.h>
#include <string.h>

#include "clustering/centroids.h"
#include "clustering/linkage.h"
#include "diarist/profile.h"
#include "embedding/pooling.h"

enum {
    DIM = DR_EMBEDDING_DIM,
    NOBODY = DR_LIVE_NOBODY,
    MOST_ITEMS = DR_LIVE_MAX_GROUPS + DR_LIVE_WINDOWS,
    OLDEST = DR_LIVE_WINDOWS / 2, /* that are grouped at a time */
    /* Offline a speaker of a long recording needs more of it. Who joins a stream after hours is not
     * to wait longer than who joins after ten minutes: 3 s. */
    LONG_STREAM = 600 * DR_SAMPLE_RATE
};

size_t dr_live_speakers_bytes(size_t num_known) {
    return 2 * (size_t)DR_LIVE_WINDOWS * DR_LIVE_BAND * sizeof(uint16_t) +
           num_known * DIM * sizeof(float) + (size_t)3 * DR_ALIGN;
}

int dr_live_speakers_open(struct dr_live_speakers *s, const struct dr_live_params *params,
                          size_t max_speakers, const float *known, size_t num_known,
                          struct dr_arena *arena, diarist_error *err) {
    *s = (struct dr_live_speakers){.params = params->clustering,
                                   .max_speakers = max_speakers,
                                   .merge_share = params->merge_share,
                                   .same_bonus = params->same_bonus,
                                   .other_penalty = params->other_penalty,
                                   .num_known = num_known,
                                   .known_threshold = params->known_threshold,
                                   .next_number = (int32_t)num_known};
    s->links = (struct dr_links){
        .num = DR_LIVE_WINDOWS,
        .band = DR_LIVE_BAND,
        .same = dr_arena_zalloc(arena, DR_LIVE_WINDOWS, DR_LIVE_BAND * sizeof(uint16_t)),
        .diff = dr_arena_zalloc(arena, DR_LIVE_WINDOWS, DR_LIVE_BAND * sizeof(uint16_t))};
    s->known = dr_arena_alloc(arena, num_known, DIM * sizeof *s->known);
    if (!s->links.same || !s->links.diff || !s->known)
        return dr_fail_memory(err);
    if (num_known)
        memcpy(s->known, known, num_known * DIM * sizeof *s->known);
    for (size_t k = 0; k < num_known; k++) {
        dr_normalise(s->known + k * DIM, DIM);
        s->speaker[k] = (struct dr_live_speaker){.exists = 1, .number = (int32_t)k};
    }
    return DIARIST_OK;
}

/* ---- older windows ---- */

static void add_to_group(struct dr_live_group *group, const struct dr_embedding *window) {
    float values[DIM];
    dr_embedding_unpack(values, window);
    for (size_t d = 0; d < DIM; d++)
        group->sum[d] += (double)values[d];
    group->num++;
}

/* The oldest groups of a speaker become one until `most` are left: who was merged with others has
 * theirs too. */
static void join_oldest(struct dr_live_speakers *s, int32_t speaker, size_t most) {
    size_t num = 0, first = s->num_groups;
    for (size_t g = s->num_groups; g-- > 0;)
        if (s->group[g].speaker == speaker) {
            num++;
            first = g;
        }
    for (size_t g = first + 1; num > most;) {
        if (s->group[g].speaker != speaker) {
            g++;
            continue;
        }
        for (size_t d = 0; d < DIM; d++)
            s->group[first].sum[d] += s->group[g].sum[d];
        s->group[first].num += s->group[g].num;
        s->num_groups--;
        num--;
        memmove(s->group + g, s->group + g + 1, (s->num_groups - g) * sizeof *s->group);
    }
}

/* The oldest windows become a group for each of their speakers; those of nobody are forgotten. */
static void group_oldest(struct dr_live_speakers *s) {
    for (size_t k = 0; k < s->max_speakers; k++)
        join_oldest(s, (int32_t)k, DR_LIVE_GROUPS);
    for (size_t k = 0; k < s->max_speakers; k++) {
        struct dr_live_group *group = NULL;
        for (size_t w = 0; w < OLDEST; w++) {
            if (s->speaker_of[w] != (int32_t)k)
                continue;
            if (!group) {
                join_oldest(s, (int32_t)k, DR_LIVE_GROUPS - 1);
                group = &s->group[s->num_groups++];
                *group = (struct dr_live_group){.speaker = (int32_t)k};
            }
            add_to_group(group, &s->window[w]);
        }
    }
    const size_t left = s->num_windows - OLDEST, band = s->links.band;
    memmove(s->window, s->window + OLDEST, left * sizeof *s->window);
    memmove(s->centre_s, s->centre_s + OLDEST, left * sizeof *s->centre_s);
    memmove(s->speaker_of, s->speaker_of + OLDEST, left * sizeof *s->speaker_of);
    memmove(s->links.same, s->links.same + OLDEST * band, left * band * sizeof(uint16_t));
    memmove(s->links.diff, s->links.diff + OLDEST * band, left * band * sizeof(uint16_t));
    memset(s->links.same + left * band, 0, OLDEST * band * sizeof(uint16_t));
    memset(s->links.diff + left * band, 0, OLDEST * band * sizeof(uint16_t));
    s->num_windows = left;
}

void dr_live_speakers_add(struct dr_live_speakers *s, const struct dr_embedding *window,
                          double centre_s) {
    if (s->num_windows == DR_LIVE_WINDOWS)
        group_oldest(s);
    s->window[s->num_windows] = *window;
    s->centre_s[s->num_windows] = centre_s;
    s->speaker_of[s->num_windows++] = NOBODY;
    s->num_new++;
    s->num_all++;
}

static struct dr_windows view(struct dr_live_speakers *s) {
    return (struct dr_windows){
        .num = s->num_windows, .centre_s = s->centre_s, .embedding = s->window};
}

int dr_live_speakers_link(struct dr_live_speakers *s, const uint8_t *active, double start_s,
                          struct dr_arena *arena, diarist_error *err) {
    const struct dr_windows windows = view(s);
    size_t first = 0, end = 0;
    dr_links_inside(&first, &end, &windows, start_s);
    return dr_links_add(&s->links, &windows, first, end, active, start_s, arena, err);
}

/* ---- clustering ---- */

/* Groups, then windows. */
struct items {
    size_t num;
    double *mean;     /* [num][192] */
    size_t *count;    /* [num] */
    int32_t *speaker; /* [num] that each was so far */
    int32_t *cluster; /* [num] */
    size_t num_clusters;
};

size_t dr_live_speakers_scratch(void) {
    const size_t pairs = (size_t)MOST_ITEMS * (MOST_ITEMS - 1) / 2;
    const size_t linkage = pairs * (sizeof(double) + 2 * sizeof(uint32_t));
    const size_t items = (size_t)MOST_ITEMS * (DIM * (2 * sizeof(double) + sizeof(float)) + 128);
    const size_t weights = (size_t)MOST_ITEMS * DR_LIVE_MAX_SPEAKERS * sizeof(uint32_t);
    return linkage + items + weights + 65536;
}

static int make_items(struct items *items, const struct dr_live_speakers *s,
                      struct dr_arena *arena) {
    const size_t num = s->num_groups + s->num_windows;
    *items = (struct items){.num = num,
                            .mean = dr_arena_alloc(arena, num, DIM * sizeof(double)),
                            .count = dr_arena_alloc(arena, num, sizeof(size_t)),
                            .speaker = dr_arena_alloc(arena, num, sizeof(int32_t)),
                            .cluster = dr_arena_alloc(arena, num, sizeof(int32_t))};
    if (!items->mean || !items->count || !items->speaker || !items->cluster)
        return -1;
    double *mean = items->mean;
    for (size_t i = 0; i < num; i++, mean += DIM) {
        float values[DIM];
        if (i < s->num_groups) {
            const struct dr_live_group *group = &s->group[i];
            for (size_t d = 0; d < DIM; d++)
                mean[d] = group->sum[d] / (double)group->num;
            items->count[i] = group->num;
            items->speaker[i] = group->speaker;
            continue;
        }
        dr_embedding_unpack(values, &s->window[i - s->num_groups]);
        for (size_t d = 0; d < DIM; d++)
            mean[d] = (double)values[d];
        items->count[i] = 1;
        items->speaker[i] = s->speaker_of[i - s->num_groups];
    }
    return 0;
}

static void add_links(struct dr_linkage *linkage, const struct dr_live_speakers *s) {
    for (size_t u = 0; u < s->num_windows; u++)
        for (size_t d = 0; d < s->links.band && u + 1 + d < s->num_windows; d++) {
            const size_t at = u * s->links.band + d;
            if (s->links.same[at] || s->links.diff[at])
                dr_linkage_add_links(linkage, s->num_groups + u, s->num_groups + u + 1 + d,
                                     s->links.same[at], s->links.diff[at]);
        }
}

/* What items were so far has a say. */
static void add_memory(struct dr_linkage *linkage, const struct items *items,
                       const struct dr_live_speakers *s) {
    double *dot = linkage->dot;
    for (size_t i = 0; i < items->num; i++)
        for (size_t j = i + 1; j < items->num; j++, dot++)
            if (items->speaker[i] >= 0 && items->speaker[j] >= 0)
                *dot += items->speaker[i] == items->speaker[j] ? s->same_bonus : -s->other_penalty;
}

/* Clusters, numbered in order of their first item. */
static int link_items(struct items *items, const struct dr_live_speakers *s,
                      struct dr_arena *arena) {
    struct dr_linkage linkage;
    struct dr_merge *merge = dr_arena_alloc(arena, items->num, sizeof *merge);
    if (!merge || dr_linkage_init(&linkage, items->num, &s->params, arena))
        return -1;
    dr_linkage_set_means(&linkage, items->mean);
    add_memory(&linkage, items, s);
    memcpy(linkage.count, items->count, items->num * sizeof *items->count);
    add_links(&linkage, s);
    const size_t num = dr_linkage_run(&linkage, merge, s->params.threshold, 0);
    for (size_t i = 0; i < items->num; i++)
        items->cluster[i] = (int32_t)i;
    for (size_t m = num; m-- > 0;) /* from is merged once, and never an into afterwards */
        items->cluster[merge[m].from] = items->cluster[merge[m].into];
    int32_t *number = dr_arena_alloc(arena, items->num, sizeof *number);
    if (!number)
        return -1;
    for (size_t i = 0; i < items->num; i++) {
        const size_t root = (size_t)items->cluster[i];
        if (root == i)
            number[i] = (int32_t)items->num_clusters++;
        items->cluster[i] = number[root];
    }
    return 0;
}

/* ---- from clusters to speakers ---- */

struct naming {
    struct items *items;
    int32_t *keep;    /* [num_clusters] negative: too small to be a speaker */
    int32_t *speaker; /* [num_clusters] */
    uint32_t *weight; /* [num_clusters][num_speakers] windows that were that speaker's */
    uint32_t *total;  /* [num_speakers] */
    float *centroid;  /* [num_clusters][192] */
    size_t num_speakers;
};

static int make_naming(struct naming *n, struct items *items, const struct dr_live_speakers *s,
                       size_t num_samples, struct dr_arena *arena) {
    const size_t clusters = items->num_clusters;
    *n = (struct naming){.items = items,
                         .num_speakers = s->max_speakers,
                         .keep = dr_arena_alloc(arena, clusters, sizeof(int32_t)),
                         .speaker = dr_arena_alloc(arena, clusters, sizeof(int32_t)),
                         .weight =
                             dr_arena_zalloc(arena, clusters, s->max_speakers * sizeof(uint32_t)),
                         .total = dr_arena_zalloc(arena, s->max_speakers, sizeof(uint32_t)),
                         .centroid = dr_arena_alloc(arena, clusters, DIM * sizeof(float))};
    size_t *size = dr_arena_zalloc(arena, clusters, sizeof *size);
    double *sum = dr_arena_zalloc(arena, clusters, DIM * sizeof *sum);
    if (!n->keep || !n->speaker || !n->weight || !n->total || !n->centroid || !size || !sum)
        return -1;
    for (size_t i = 0; i < items->num; i++) {
        const size_t c = (size_t)items->cluster[i];
        size[c] += items->count[i];
        for (size_t d = 0; d < DIM; d++)
            sum[c * DIM + d] += (double)items->count[i] * items->mean[i * DIM + d];
        if (items->speaker[i] >= 0) {
            n->weight[c * n->num_speakers + (size_t)items->speaker[i]] += (uint32_t)items->count[i];
            n->total[items->speaker[i]] += (uint32_t)items->count[i];
        }
    }
    for (size_t c = 0; c < clusters; c++) {
        double squares = 0;
        for (size_t d = 0; d < DIM; d++)
            squares += sum[c * DIM + d] * sum[c * DIM + d];
        for (size_t d = 0; d < DIM; d++)
            n->centroid[c * DIM + d] = (float)(sum[c * DIM + d] / fmax(sqrt(squares), 1e-9));
        n->speaker[c] = NOBODY;
    }
    const size_t length = num_samples < LONG_STREAM ? num_samples : LONG_STREAM;
    dr_centroids_keep(n->keep, size, clusters, s->num_all, length, &s->params);
    return 0;
}

/* Each cluster the speaker that most of its windows were, those with the most first. */
static void take_old_names(struct naming *n) {
    uint32_t taken[DR_LIVE_MAX_SPEAKERS] = {0};
    for (;;) {
        size_t best_c = 0, best_k = 0;
        uint32_t best = 0;
        for (size_t c = 0; c < n->items->num_clusters; c++)
            for (size_t k = 0; k < n->num_speakers && n->keep[c] >= 0 && n->speaker[c] < 0; k++)
                if (!taken[k] && n->weight[c * n->num_speakers + k] > best) {
                    best = n->weight[c * n->num_speakers + k];
                    best_c = c;
                    best_k = k;
                }
        if (!best)
            return;
        n->speaker[best_c] = (int32_t)best_k;
        taken[best_k] = 1;
    }
}

/* The known voice that this one is, or NOBODY. */
static int32_t find_known(const struct dr_live_speakers *s, const float *centroid) {
    diarist_match match;
    diarist_match_voice(&match, centroid, s->known, s->num_known, DIM, s->known_threshold,
                        DIARIST_MATCH_MARGIN);
    return match.known < 0 ? NOBODY : match.known;
}

/* The place of a new speaker, or NOBODY when there is none left. total: windows of each, NULL: not
 * known; a speaker without any is nobody any more. */
static int32_t new_speaker(struct dr_live_speakers *s, const uint32_t *total) {
    for (size_t k = s->num_known; k < s->max_speakers; k++) {
        const struct dr_live_speaker *old = &s->speaker[k];
        if (old->exists && (!total || total[k] || old->is_heard || old->is_first))
            continue;
        /* Who has a cluster is heard as soon as all have been named. */
        s->speaker[k] = (struct dr_live_speaker){
            .exists = 1, .number = s->next_number++, .is_heard = total != NULL};
        return (int32_t)k;
    }
    return NOBODY;
}

/* Who was made before any voice could be told, if it is none yet. */
static int32_t first_speaker(const struct dr_live_speakers *s) {
    for (size_t k = s->num_known; k < s->max_speakers; k++)
        if (s->speaker[k].exists && s->speaker[k].is_first)
            return (int32_t)k;
    return NOBODY;
}

static int is_taken(const struct naming *n, int32_t speaker) {
    for (size_t c = 0; c < n->items->num_clusters; c++)
        if (n->speaker[c] == speaker)
            return 1;
    return 0;
}

/* Speaker `from` was `into` all along. */
static void merge(struct dr_live_speakers *s, int32_t from, int32_t into, dr_live_merge_fn *merged,
                  void *context) {
    for (size_t w = 0; w < s->num_windows; w++)
        s->speaker_of[w] = s->speaker_of[w] == from ? into : s->speaker_of[w];
    for (size_t g = 0; g < s->num_groups; g++)
        s->group[g].speaker = s->group[g].speaker == from ? into : s->group[g].speaker;
    s->speaker[from].exists = 0;
    merged(context, s->speaker[from].number, s->speaker[into].number);
}

/* Clusters that were nobody so far. The first voice that can be told was the first speaker's. */
static void give_new_names(struct naming *n, struct dr_live_speakers *s, dr_live_merge_fn *merged,
                           void *context) {
    for (size_t c = 0; c < n->items->num_clusters; c++) {
        if (n->keep[c] < 0 || n->speaker[c] >= 0)
            continue;
        const int32_t first = first_speaker(s), known = find_known(s, n->centroid + c * DIM);
        if (known >= 0 && !is_taken(n, known)) {
            n->speaker[c] = known;
            if (first >= 0)
                merge(s, first, known, merged, context);
        } else {
            n->speaker[c] = first >= 0 ? first : new_speaker(s, n->total);
        }
        if (first >= 0)
            s->speaker[first].is_first = 0;
    }
}

/* Speakers without a cluster whose windows are mostly in another's. */
static void find_merged(struct naming *n, struct dr_live_speakers *s, dr_live_merge_fn *merged,
                        void *context) {
    for (size_t k = s->num_known; k < n->num_speakers; k++) {
        if (!n->total[k] || !s->speaker[k].exists || is_taken(n, (int32_t)k))
            continue;
        for (size_t c = 0; c < n->items->num_clusters; c++) {
            const double share = (double)n->weight[c * n->num_speakers + k] / (double)n->total[k];
            if (n->speaker[c] < 0 || share < s->merge_share)
                continue;
            merge(s, (int32_t)k, n->speaker[c], merged, context);
            break;
        }
    }
}

/* Speakers who turn out to be known ones. */
static void find_known_speakers(struct naming *n, struct dr_live_speakers *s,
                                dr_live_merge_fn *merged, void *context) {
    for (size_t c = 0; c < n->items->num_clusters && s->num_known; c++) {
        const int32_t k = n->speaker[c];
        if (k < (int32_t)s->num_known)
            continue;
        const int32_t known = find_known(s, n->centroid + c * DIM);
        if (known < 0 || is_taken(n, known))
            continue;
        n->speaker[c] = known;
        merge(s, k, known, merged, context);
    }
}

static void settle(const struct naming *n, struct dr_live_speakers *s) {
    for (size_t k = 0; k < s->max_speakers; k++)
        s->speaker[k].is_heard = 0;
    for (size_t c = 0; c < n->items->num_clusters; c++) {
        if (n->speaker[c] < 0)
            continue;
        struct dr_live_speaker *speaker = &s->speaker[n->speaker[c]];
        speaker->is_heard = 1;
        memcpy(speaker->centroid, n->centroid + c * DIM, sizeof speaker->centroid);
    }
    for (size_t i = 0; i < n->items->num; i++) {
        const int32_t k = n->speaker[n->items->cluster[i]];
        if (k < 0)
            continue;
        if (i < s->num_groups)
            s->group[i].speaker = k;
        else
            s->speaker_of[i - s->num_groups] = k;
    }
}

int dr_live_speakers_cluster(struct dr_live_speakers *s, size_t num_samples,
                             dr_live_merge_fn *merged, void *context, struct dr_arena *arena,
                             diarist_error *err) {
    if (!s->num_new)
        return DIARIST_OK;
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct items items;
    struct naming naming;
    if (make_items(&items, s, arena) || link_items(&items, s, arena) ||
        make_naming(&naming, &items, s, num_samples, arena))
        return dr_fail_memory(err);
    take_old_names(&naming);
    give_new_names(&naming, s, merged, context);
    find_known_speakers(&naming, s, merged, context);
    find_merged(&naming, s, merged, context);
    settle(&naming, s);
    s->num_new = 0;
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}

size_t dr_live_speakers_heard(const struct dr_live_speakers *s, int32_t *number, float *centroid) {
    size_t num = 0;
    for (size_t k = 0; k < s->max_speakers; k++) {
        if (!s->speaker[k].exists || !s->speaker[k].is_heard)
            continue;
        number[num] = s->speaker[k].number;
        memcpy(centroid + num++ * DIM, s->speaker[k].centroid, sizeof s->speaker[k].centroid);
    }
    return num;
}

int32_t dr_live_speakers_anybody(struct dr_live_speakers *s) {
    int32_t k = first_speaker(s);
    for (size_t i = s->num_known; i < s->max_speakers && k < 0; i++)
        k = s->speaker[i].exists ? (int32_t)i : NOBODY;
    if (k < 0) { /* not all places are of known voices */
        k = new_speaker(s, NULL);
        s->speaker[k].is_first = 1;
    }
    return s->speaker[k].number;
}

int dr_live_speakers_voice(float *embedding, const struct dr_live_speakers *s, size_t number) {
    for (size_t k = 0; k < s->max_speakers; k++) {
        const struct dr_live_speaker *speaker = &s->speaker[k];
        if (!speaker->exists || (size_t)speaker->number != number)
            continue;
        if (k < s->num_known)
            memcpy(embedding, s->known + k * DIM, DIM * sizeof *embedding);
        else
            memcpy(embedding, speaker->centroid, DIM * sizeof *embedding);
        return 0;
    }
    return -1;
}
