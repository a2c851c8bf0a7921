/* tally.c - how long which speakers of reference and hypothesis talk at once, where it is scored.
 * SPDX-License-Identifier: MIT
 *
 * turns, regions, collars -> events in time -> pieces between them, in each of which the same
 * speakers talk -> sums */
#include "score/tally.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

/* What begins or ends. */
enum kind { REFERENCE, HYPOTHESIS, REGION, COLLAR };

struct event {
    int64_t at; /* microseconds */
    int32_t speaker;
    int8_t kind, change; /* change: 1 begins, -1 ends */
};

struct events {
    size_t num;
    struct event *items;
};

/* Who talks now: a speaker's turns may overlap, which makes them talk once. */
struct talkers {
    int32_t *num_turns; /* [speakers] */
    int32_t *place;     /* [speakers] in active */
    int32_t *active;    /* [num] */
    size_t num, num_all_turns;
};

static int64_t microseconds(double seconds) {
    return llround(seconds * DR_MICROSECONDS);
}

static void add_span(struct events *events, enum kind kind, int32_t speaker, int64_t start,
                     int64_t end) {
    if (start >= end)
        return;
    events->items[events->num++] = (struct event){start, speaker, (int8_t)kind, 1};
    events->items[events->num++] = (struct event){end, speaker, (int8_t)kind, -1};
}

static const struct dr_document_turns *turns_of(const struct dr_document_recording *recording) {
    static const struct dr_document_turns none = {0};
    return recording ? &recording->turns[DIARIST_OVERLAPPING] : &none;
}

static void add_turns(struct events *events, enum kind kind, const struct dr_document_turns *turns,
                      int64_t collar) {
    for (size_t i = 0; i < turns->num; i++) {
        const struct dr_document_turn *turn = &turns->items[i];
        int64_t start = microseconds(turn->start_s), end = microseconds(turn->end_s);
        add_span(events, kind, turn->speaker, start, end);
        if (start < end) {
            add_span(events, COLLAR, 0, start - collar, start + collar);
            add_span(events, COLLAR, 0, end - collar, end + collar);
        }
    }
}

static void add_extent(struct events *events) {
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < events->num; i++) {
        const struct event *event = &events->items[i];
        if (event->kind == COLLAR)
            continue;
        first = event->at < first ? event->at : first;
        last = event->at > last ? event->at : last;
    }
    add_span(events, REGION, 0, first, last);
}

static int compare_events(const void *a, const void *b) {
    int64_t x = ((const struct event *)a)->at, y = ((const struct event *)b)->at;
    return (x > y) - (x < y);
}

/* Everything that begins or ends, in order of time. */
static int collect(struct events *events, const struct dr_document_turns *reference,
                   const struct dr_document_turns *hypothesis, const diarist_region *regions,
                   size_t num_regions, double collar_s, struct dr_arena *arena) {
    /* A turn of the reference is three spans: itself and two collars. */
    size_t num_spans = 3 * reference->num + hypothesis->num + (regions ? num_regions : 1);
    events->num = 0;
    events->items = dr_arena_alloc(arena, 2 * num_spans, sizeof *events->items);
    if (!events->items)
        return -1;
    add_turns(events, REFERENCE, reference, microseconds(collar_s));
    add_turns(events, HYPOTHESIS, hypothesis, 0);
    if (!regions)
        add_extent(events);
    for (size_t i = 0; regions && i < num_regions; i++)
        add_span(events, REGION, 0, microseconds(regions[i].start), microseconds(regions[i].end));
    if (events->num)
        qsort(events->items, events->num, sizeof *events->items, compare_events);
    return 0;
}

static int open_talkers(struct talkers *talkers, size_t num_speakers, struct dr_arena *arena) {
    *talkers = (struct talkers){
        .num_turns = dr_arena_zalloc(arena, num_speakers + 1, sizeof *talkers->num_turns),
        .place = dr_arena_alloc(arena, num_speakers + 1, sizeof *talkers->place),
        .active = dr_arena_alloc(arena, num_speakers + 1, sizeof *talkers->active)};
    return talkers->num_turns && talkers->place && talkers->active ? 0 : -1;
}

static void change_talkers(struct talkers *talkers, const struct event *event) {
    int32_t speaker = event->speaker, *num_turns = &talkers->num_turns[speaker];
    *num_turns += event->change;
    talkers->num_all_turns += (size_t)event->change;
    if (event->change > 0 && *num_turns == 1) {
        talkers->place[speaker] = (int32_t)talkers->num;
        talkers->active[talkers->num++] = speaker;
    } else if (*num_turns == 0) {
        int32_t last = talkers->active[--talkers->num];
        talkers->active[talkers->place[speaker]] = last;
        talkers->place[last] = talkers->place[speaker];
    }
}

static void mark_heard(uint8_t *heard, const struct talkers *talkers) {
    for (size_t i = 0; i < talkers->num; i++)
        heard[talkers->active[i]] = 1;
}

static void add_piece(struct dr_tally *tally, const struct talkers *ref, const struct talkers *hyp,
                      double length) {
    double num_ref = (double)ref->num, num_hyp = (double)hyp->num;
    tally->scored += length * num_ref;
    tally->missed += length * fmax(num_ref - num_hyp, 0);
    tally->false_alarm += length * fmax(num_hyp - num_ref, 0);
    tally->shared += length * fmin(num_ref, num_hyp);
    for (size_t i = 0; i < hyp->num; i++)
        tally->hyp_talks[hyp->active[i]] += length;
    for (size_t i = 0; i < ref->num; i++) {
        size_t r = (size_t)ref->active[i];
        tally->ref_talks[r] += length;
        for (size_t j = 0; j < hyp->num; j++)
            tally->both[r * tally->num_hyp + (size_t)hyp->active[j]] += length;
    }
}

/* Events at one time may come in any order: nothing lies between them. */
static void sweep(struct dr_tally *tally, const struct events *events, struct talkers *ref,
                  struct talkers *hyp, int skip_overlap) {
    size_t num_regions = 0, num_collars = 0;
    for (size_t i = 0; i < events->num; i++) {
        const struct event *event = &events->items[i];
        if (event->kind == REGION)
            num_regions += (size_t)event->change;
        else if (event->kind == COLLAR)
            num_collars += (size_t)event->change;
        else
            change_talkers(event->kind == REFERENCE ? ref : hyp, event);
        if (i + 1 == events->num || event[1].at == event->at || num_regions == 0)
            continue;
        mark_heard(tally->ref_heard, ref);
        mark_heard(tally->hyp_heard, hyp);
        if (num_collars == 0 && !(skip_overlap && ref->num_all_turns > 1))
            add_piece(tally, ref, hyp, (double)(event[1].at - event->at));
    }
}

static int open_tally(struct dr_tally *tally, size_t num_ref, size_t num_hyp,
                      struct dr_arena *arena) {
    *tally = (struct dr_tally){
        .num_ref = num_ref,
        .num_hyp = num_hyp,
        .both = dr_arena_zalloc(arena, num_ref * num_hyp + 1, sizeof *tally->both),
        .ref_talks = dr_arena_zalloc(arena, num_ref + 1, sizeof *tally->ref_talks),
        .hyp_talks = dr_arena_zalloc(arena, num_hyp + 1, sizeof *tally->hyp_talks),
        .ref_heard = dr_arena_zalloc(arena, num_ref + 1, sizeof *tally->ref_heard),
        .hyp_heard = dr_arena_zalloc(arena, num_hyp + 1, sizeof *tally->hyp_heard)};
    return tally->both && tally->ref_talks && tally->hyp_talks && tally->ref_heard &&
                   tally->hyp_heard
               ? 0
               : -1;
}

/* DIARIST_ERROR_LIMIT when there are too many to be mapped. */
static int count_speakers(size_t *num, const struct dr_document_recording *recording,
                          diarist_error *err) {
    *num = recording ? recording->num_speakers : 0;
    if (*num <= DR_SCORE_MAX_SPEAKERS)
        return DIARIST_OK;
    return dr_fail(err, DIARIST_ERROR_LIMIT,
                   "\"%.120s\" has %zu speakers; at most %d of a recording can be scored",
                   recording->id, *num, DR_SCORE_MAX_SPEAKERS);
}

int dr_tally_recording(struct dr_tally *tally, const struct dr_document_recording *reference,
                       const struct dr_document_recording *hypothesis,
                       const diarist_region *regions, size_t num_regions,
                       const diarist_score_options *options, struct dr_arena *arena,
                       diarist_error *err) {
    size_t num_ref, num_hyp;
    struct talkers ref, hyp;
    struct events events;
    int status = count_speakers(&num_ref, reference, err);
    if (!status)
        status = count_speakers(&num_hyp, hypothesis, err);
    if (status)
        return status;
    if (open_tally(tally, num_ref, num_hyp, arena) || open_talkers(&ref, num_ref, arena) ||
        open_talkers(&hyp, num_hyp, arena) ||
        collect(&events, turns_of(reference), turns_of(hypothesis), regions, num_regions,
                options->collar_s, arena))
        return dr_fail_memory(err);
    sweep(tally, &events, &ref, &hyp, options->skip_overlap);
    return DIARIST_OK;
}
