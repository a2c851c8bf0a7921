/* link.c - the same speakers across recordings.
 * SPDX-License-Identifier: MIT
 *
 * voices [num][dim] -> people, each at first one voice or those known to be one -> the two people
 * that are nearest become one, while they are near enough -> person [num]
 *
 * Average linkage: people are as near as the mean cosine of their voices, which is the product of
 * their sums of directions. Two people who both talk in one recording, or are both known, stay two.
 * Voices are worked on in the order of their values, so that the order in which they are given
 * changes no rounding and no tie but that between equal voices. */
#include "diarist/profile.h"

#include "base/arena.h"
#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VOICES = 20000, WORD_BITS = 64 };

struct people {
    size_t num, dim, num_words;
    double *sum;          /* [num][dim] of the unit voices */
    double *count;        /* [num] of voices; 0: became part of another */
    uint64_t *recordings; /* [num][num_words] bit of each recording in which the person talks */
    int32_t *known;       /* [num] as in diarist_voice */
    int32_t *part_of;     /* [num] that it became part of, or itself */
    int32_t *nearest;     /* [num] among those behind; -1: none that it may become one with */
    double *score;        /* [num] mean cosine with that */
};

/* What qsort sees of a voice. */
struct place {
    const diarist_voice *voice;
    size_t dim, index;
};

static int compare_places(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    int has_x = x->voice->embedding != NULL, has_y = y->voice->embedding != NULL;
    int order = has_x - has_y;
    for (size_t d = 0; !order && has_x && d < x->dim; d++)
        order = (x->voice->embedding[d] > y->voice->embedding[d]) -
                (x->voice->embedding[d] < y->voice->embedding[d]);
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int compare_numbers(const void *a, const void *b) {
    const int32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int may_be_one(const struct people *p, size_t a, size_t b) {
    if (p->known[a] >= 0 && p->known[b] >= 0)
        return p->known[a] == p->known[b];
    for (size_t w = 0; w < p->num_words; w++)
        if (p->recordings[a * p->num_words + w] & p->recordings[b * p->num_words + w])
            return 0;
    return 1;
}

static double mean_cosine(const struct people *p, size_t a, size_t b) {
    double product = 0;
    for (size_t d = 0; d < p->dim; d++)
        product += p->sum[a * p->dim + d] * p->sum[b * p->dim + d];
    return product / (p->count[a] * p->count[b]);
}

static void find_nearest(struct people *p, size_t a) {
    p->nearest[a] = -1;
    for (size_t b = a + 1; b < p->num; b++) {
        if (p->count[b] == 0 || !may_be_one(p, a, b))
            continue;
        double score = mean_cosine(p, a, b);
        if (p->nearest[a] < 0 || score > p->score[a]) {
            p->nearest[a] = (int32_t)b;
            p->score[a] = score;
        }
    }
}

/* b becomes part of a, which comes before it. */
static void join(struct people *p, size_t a, size_t b) {
    for (size_t d = 0; d < p->dim; d++)
        p->sum[a * p->dim + d] += p->sum[b * p->dim + d];
    for (size_t w = 0; w < p->num_words; w++)
        p->recordings[a * p->num_words + w] |= p->recordings[b * p->num_words + w];
    if (p->known[b] >= 0)
        p->known[a] = p->known[b];
    p->count[a] += p->count[b];
    p->count[b] = 0;
    p->part_of[b] = (int32_t)a;
}

/* After a join: who was nearest to one of the two looks again; the others only at the new one. */
static void update_nearest(struct people *p, size_t a, size_t b) {
    find_nearest(p, a);
    for (size_t i = 0; i < b; i++) {
        if (i == a || p->count[i] == 0)
            continue;
        if (p->nearest[i] == (int32_t)a || p->nearest[i] == (int32_t)b) {
            find_nearest(p, i);
        } else if (i < a && may_be_one(p, i, a)) {
            double score = mean_cosine(p, i, a);
            if (p->nearest[i] < 0 || score > p->score[i] ||
                (score == p->score[i] && (int32_t)a < p->nearest[i])) {
                p->nearest[i] = (int32_t)a;
                p->score[i] = score;
            }
        }
    }
}

static void join_nearest(struct people *p, double threshold) {
    for (size_t i = 0; i < p->num; i++)
        if (p->count[i] > 0)
            find_nearest(p, i);
    for (;;) {
        int32_t best = -1;
        for (size_t i = 0; i < p->num; i++)
            if (p->count[i] > 0 && p->nearest[i] >= 0 && (best < 0 || p->score[i] > p->score[best]))
                best = (int32_t)i;
        if (best < 0 || !(p->score[best] >= threshold))
            return;
        size_t other = (size_t)p->nearest[best];
        join(p, (size_t)best, other);
        update_nearest(p, (size_t)best, other);
    }
}

/* Voices that are known to be one person. */
static int join_known(struct people *p, diarist_error *err) {
    for (size_t a = 0; a < p->num; a++) {
        for (size_t b = a + 1; b < p->num && p->known[a] >= 0 && p->count[a] > 0; b++) {
            if (p->known[b] != p->known[a])
                continue;
            for (size_t w = 0; w < p->num_words; w++)
                if (p->recordings[a * p->num_words + w] & p->recordings[b * p->num_words + w])
                    return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                                   "two voices of one recording are said to be one person; give "
                                   "them different names");
            join(p, a, b);
        }
    }
    return DIARIST_OK;
}

static int allocate(struct people *p, struct dr_arena *arena) {
    p->sum = dr_arena_zalloc(arena, p->num * p->dim, sizeof *p->sum);
    p->count = dr_arena_alloc(arena, p->num, sizeof *p->count);
    p->recordings = dr_arena_zalloc(arena, p->num * p->num_words, sizeof *p->recordings);
    p->known = dr_arena_alloc(arena, p->num, sizeof *p->known);
    p->part_of = dr_arena_alloc(arena, p->num, sizeof *p->part_of);
    p->nearest = dr_arena_alloc(arena, p->num, sizeof *p->nearest);
    p->score = dr_arena_alloc(arena, p->num, sizeof *p->score);
    return p->sum && p->count && p->recordings && p->known && p->part_of && p->nearest && p->score
               ? 0
               : -1;
}

/* The direction of a voice; none leaves zeros, whose cosine with anybody is 0. */
static void put_direction(double *sum, const float *embedding, size_t dim) {
    double squares = 0;
    for (size_t d = 0; embedding && d < dim; d++)
        squares += (double)embedding[d] * embedding[d];
    for (size_t d = 0; squares > 0 && d < dim; d++)
        sum[d] = embedding[d] / sqrt(squares);
}

/* Each voice becomes a person. names: [num_names] the recordings' numbers, sorted. */
static void fill(struct people *p, const struct place *places, const int32_t *names,
                 size_t num_names) {
    for (size_t i = 0; i < p->num; i++) {
        const diarist_voice *voice = places[i].voice;
        const int32_t *at =
            bsearch(&voice->recording, names, num_names, sizeof *names, compare_numbers);
        size_t bit = (size_t)(at - names);
        p->recordings[i * p->num_words + bit / WORD_BITS] |= UINT64_C(1) << bit % WORD_BITS;
        put_direction(p->sum + i * p->dim, voice->embedding, p->dim);
        p->known[i] = voice->known;
        p->count[i] = 1;
        p->part_of[i] = (int32_t)i;
    }
}

/* people by place -> numbers by first appearance among the voices. number: [num] for use here. */
static size_t number_people(int32_t *person, int32_t *number, struct people *p,
                            const struct place *places) {
    int32_t num_people = 0;
    for (size_t i = 0; i < p->num; i++) {
        int32_t root = (int32_t)i;
        while (p->part_of[root] != root)
            root = p->part_of[root];
        person[places[i].index] = root;
        number[i] = -1;
    }
    for (size_t v = 0; v < p->num; v++) {
        if (number[person[v]] < 0)
            number[person[v]] = num_people++;
        person[v] = number[person[v]];
    }
    return (size_t)num_people;
}

static int link_voices(int32_t *person, size_t *num_people, const diarist_voice *voices, size_t num,
                       size_t dim, double threshold, struct dr_arena *arena, diarist_error *err) {
    struct people p = {.num = num, .dim = dim};
    struct place *places = dr_arena_alloc(arena, num, sizeof *places);
    int32_t *names = dr_arena_alloc(arena, num, sizeof *names);
    if (!places || !names)
        return dr_fail_memory(err);
    for (size_t i = 0; i < num; i++) {
        places[i] = (struct place){&voices[i], dim, i};
        names[i] = voices[i].recording;
    }
    qsort(places, num, sizeof *places, compare_places);
    qsort(names, num, sizeof *names, compare_numbers);
    size_t num_names = 0;
    for (size_t i = 0; i < num; i++)
        if (num_names == 0 || names[num_names - 1] != names[i])
            names[num_names++] = names[i];
    p.num_words = (num_names + WORD_BITS - 1) / WORD_BITS;
    if (allocate(&p, arena))
        return dr_fail_memory(err);
    fill(&p, places, names, num_names);
    int status = join_known(&p, err);
    if (status)
        return status;
    join_nearest(&p, threshold);
    *num_people = number_people(person, p.nearest, &p, places);
    return DIARIST_OK;
}

int diarist_link(int32_t *person, size_t *num_people, const diarist_voice *voices, size_t num,
                 size_t dim, double threshold, diarist_error *err) {
    struct dr_arena arena = {0};
    *num_people = 0;
    if (num > MAX_VOICES)
        return dr_fail(err, DIARIST_ERROR_LIMIT, "%zu voices are more than %d; link fewer", num,
                       MAX_VOICES);
    if (num == 0)
        return DIARIST_OK;
    int status = link_voices(person, num_people, voices, num, dim, threshold, &arena, err);
    dr_arena_free(&arena);
    return status;
}
