/* rates.c - who is who, and what is wrong then.
 * SPDX-License-Identifier: MIT */
#include "score/rates.h"

#include "base/assignment.h"
#include "base/error.h"

/* Those who talk where it is scored: row i is speaker ref[i], column j is hyp[j]. */
struct speakers {
    size_t num_ref, num_hyp;
    size_t *ref, *hyp;
};

static size_t keep_talkers(size_t *kept, const double *talks, size_t num) {
    size_t num_kept = 0;
    for (size_t i = 0; i < num; i++)
        if (talks[i] > 0)
            kept[num_kept++] = i;
    return num_kept;
}

static double in_common(const struct dr_tally *tally, size_t r, size_t h) {
    return tally->both[r * tally->num_hyp + h];
}

/* What one of the two says that the other does not, as a share of what either says. */
static double jaccard_error(const struct dr_tally *tally, size_t r, size_t h) {
    double common = in_common(tally, r, h);
    double either = tally->ref_talks[r] + tally->hyp_talks[h] - common;
    return (either - common) / either;
}

/* Returns the confusion in microseconds. */
static double map_by_time(int32_t *mapping, struct dr_assignment *a, const struct dr_tally *tally,
                          const struct speakers *who) {
    double correct = 0;
    for (size_t i = 0; i < who->num_ref; i++)
        for (size_t j = 0; j < who->num_hyp; j++)
            *dr_assignment_cost(a, i, j) = -in_common(tally, who->ref[i], who->hyp[j]);
    dr_assignment_solve(a);
    for (size_t i = 0; i < who->num_ref; i++) {
        int32_t j = dr_assignment_column(a, i);
        double common = j == DR_UNASSIGNED ? 0 : in_common(tally, who->ref[i], who->hyp[j]);
        correct += common;
        if (mapping && common > 0)
            mapping[who->ref[i]] = (int32_t)who->hyp[j];
    }
    return tally->shared - correct;
}

/* Returns the sum over the reference's speakers; those who are left over are wrong altogether. */
static double map_by_jaccard(struct dr_assignment *a, const struct dr_tally *tally,
                             const struct speakers *who) {
    double sum = 0;
    for (size_t i = 0; i < who->num_ref; i++)
        for (size_t j = 0; j < who->num_hyp; j++)
            *dr_assignment_cost(a, i, j) = jaccard_error(tally, who->ref[i], who->hyp[j]);
    dr_assignment_solve(a);
    for (size_t i = 0; i < who->num_ref; i++) {
        int32_t j = dr_assignment_column(a, i);
        sum += j == DR_UNASSIGNED ? 1 : jaccard_error(tally, who->ref[i], who->hyp[j]);
    }
    return sum;
}

static int64_t count(const uint8_t *heard, size_t num) {
    int64_t counted = 0;
    for (size_t i = 0; i < num; i++)
        counted += heard[i];
    return counted;
}

static void count_speakers(diarist_score *out, const struct dr_tally *tally) {
    out->num_ref_speakers = count(tally->ref_heard, tally->num_ref);
    out->num_hyp_speakers = count(tally->hyp_heard, tally->num_hyp);
    int64_t difference = out->num_hyp_speakers - out->num_ref_speakers;
    out->count_error = difference < 0 ? -difference : difference;
    out->count_exact = difference == 0;
}

int dr_rates_of(diarist_score *out, int32_t *mapping, const struct dr_tally *tally,
                struct dr_arena *arena, diarist_error *err) {
    struct speakers who = {.ref = dr_arena_alloc(arena, tally->num_ref + 1, sizeof *who.ref),
                           .hyp = dr_arena_alloc(arena, tally->num_hyp + 1, sizeof *who.hyp)};
    struct dr_assignment a;
    double confusion = 0;
    if (!who.ref || !who.hyp)
        return dr_fail_memory(err);
    who.num_ref = keep_talkers(who.ref, tally->ref_talks, tally->num_ref);
    who.num_hyp = keep_talkers(who.hyp, tally->hyp_talks, tally->num_hyp);
    *out = (diarist_score){
        .jaccard_sum = (double)who.num_ref, .jaccard_num = (int64_t)who.num_ref, .num_files = 1};
    for (size_t r = 0; mapping && r < tally->num_ref; r++)
        mapping[r] = -1;
    if (who.num_ref && who.num_hyp) {
        if (dr_assignment_open(&a, who.num_ref, who.num_hyp, arena))
            return dr_fail_memory(err);
        confusion = map_by_time(mapping, &a, tally, &who);
        out->jaccard_sum = map_by_jaccard(&a, tally, &who);
    }
    out->scored_s = tally->scored / DR_MICROSECONDS;
    out->missed_s = tally->missed / DR_MICROSECONDS;
    out->false_alarm_s = tally->false_alarm / DR_MICROSECONDS;
    out->confusion_s = confusion / DR_MICROSECONDS;
    count_speakers(out, tally);
    return DIARIST_OK;
}
