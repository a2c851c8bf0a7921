/* turns.c - from what a live stream knows of its last frames to events.
 * SPDX-License-Identifier: MIT */
#include "live/turns.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "types.h"

/* Of a step that finds n frames anew. Three speakers at most talk at once, and a run and the pause
 * after it have a frame each. */
static size_t most_turns(size_t frames) {
    return 3 * (frames / 2 + 1);
}

static struct dr_live_turns room_of(size_t max_frames) {
    return (struct dr_live_turns){.max_turns = 2 * most_turns(max_frames),
                                  .max_events = 4 * 3 * most_turns(max_frames)};
}

size_t dr_live_turns_bytes(size_t max_frames) {
    const struct dr_live_turns room = room_of(max_frames);
    return room.max_turns * sizeof *room.open + room.max_events * sizeof *room.event + 2 * DR_ALIGN;
}

int dr_live_turns_open(struct dr_live_turns *t, size_t max_frames, struct dr_arena *arena,
                       diarist_error *err) {
    *t = room_of(max_frames);
    t->open = dr_arena_alloc(arena, t->max_turns, sizeof *t->open);
    t->event = dr_arena_alloc(arena, t->max_events, sizeof *t->event);
    return t->open && t->event ? DIARIST_OK : dr_fail_memory(err);
}

/* ---- events ---- */

static void emit(struct dr_live_turns *t, diarist_event event) {
    if (t->taken == t->num)
        t->taken = t->num = 0;
    assert(t->num < t->max_events);
    event.seq = ++t->num_events;
    event.at = t->at_s;
    t->event[t->num++] = event;
}

int dr_live_turns_next(struct dr_live_turns *t, diarist_event *out) {
    if (t->taken == t->num)
        return -1;
    *out = t->event[t->taken++];
    return 0;
}

static double time_of(const struct dr_live_turns *t, size_t frame) {
    return frame ? fmin((double)frame * DR_FRAME_S + DR_FRAME_OFFSET_S, t->at_s) : 0.0;
}

static diarist_event event_of(const struct dr_live_turns *t, const struct dr_live_turn *turn,
                              diarist_event_type type) {
    return (diarist_event){.type = type,
                           .speaker = turn->speaker,
                           .into = -1,
                           .flags = turn->overlap ? DIARIST_TURN_OVERLAP : 0,
                           .turn = turn->id,
                           .start = time_of(t, turn->first),
                           .end = time_of(t, turn->end),
                           .confidence = (float)(turn->sum / (double)(turn->end - turn->first))};
}

static void tell(struct dr_live_turns *t, struct dr_live_turn *turn) {
    const diarist_event told = turn->told;
    const int is_new = turn->id == 0;
    if (is_new)
        turn->id = ++t->num_turns;
    turn->told = event_of(t, turn, DIARIST_TURN_UPDATE);
    const diarist_event *now = &turn->told;
    const int changed = now->speaker != told.speaker || now->start != told.start ||
                        now->end != told.end || now->flags != told.flags;
    if (is_new)
        emit(t, event_of(t, turn, DIARIST_TURN_START));
    if (turn->is_final)
        emit(t, event_of(t, turn, DIARIST_TURN_FINAL));
    else if (!is_new && changed)
        emit(t, *now);
}

/* ---- a step ---- */

/* What a step makes of the turns. */
struct work {
    struct dr_live_turn *turn; /* as they are now */
    size_t num;
    size_t num_before; /* of those that were open, */
    uint8_t *matched;  /* which are among them */
};

static struct dr_live_turn *add(struct work *work, const struct dr_live_turn *turn) {
    work->turn[work->num] = *turn;
    return &work->turn[work->num++];
}

/* A turn that goes up to a frame, and has not ended there for sure. */
static struct dr_live_turn *going_on(struct work *work, int32_t speaker, size_t frame) {
    for (size_t i = 0; i < work->num; i++) {
        struct dr_live_turn *turn = &work->turn[i];
        if (turn->speaker == speaker && turn->end == frame && !turn->is_final)
            return turn;
    }
    return NULL;
}

static int overlaps_others(const struct dr_live_runs *runs, size_t i) {
    for (size_t j = 0; j < runs->num; j++)
        if (j != i && runs->run[j].first < runs->run[i].end &&
            runs->run[i].first < runs->run[j].end)
            return 1;
    return 0;
}

/* Adds runs, each to the turn that it goes on from or as one of its own. */
static void add_runs(struct work *work, const struct dr_live_runs *runs, const int32_t *number,
                     int settled) {
    const size_t num_before = work->num;
    for (size_t i = 0; i < runs->num; i++) {
        const struct dr_run *run = &runs->run[i];
        const size_t first = runs->first + run->first, end = runs->first + run->end;
        struct dr_live_turn *turn = NULL;
        if (run->first == 0) {
            struct work earlier = *work;
            earlier.num = num_before;
            turn = going_on(&earlier, number[run->speaker], first);
        }
        if (!turn)
            turn =
                add(work, &(struct dr_live_turn){.speaker = number[run->speaker], .first = first});
        turn->end = end;
        turn->sum += run->after - run->before;
        if (settled)
            turn->settled = turn->sum;
        turn->overlap |= overlaps_others(runs, i);
    }
}

/* Frames that two turns share. */
static size_t shared(const struct dr_live_turn *a, const struct dr_live_turn *b) {
    const size_t first = a->first > b->first ? a->first : b->first;
    const size_t end = a->end < b->end ? a->end : b->end;
    return first < end ? end - first : 0;
}

/* Turns that only seemed so far are found again: of the same speaker, or of any. */
static void match(struct work *work, const struct dr_live_turns *t, int any_speaker) {
    for (size_t i = 0; i < work->num; i++) {
        struct dr_live_turn *turn = &work->turn[i];
        size_t best = 0, most = 0;
        for (size_t j = 0; j < t->num_open && !turn->id; j++) {
            const struct dr_live_turn *before = &t->open[j];
            if (work->matched[j] || (!any_speaker && before->speaker != turn->speaker) ||
                shared(before, turn) <= most)
                continue;
            most = shared(before, turn);
            best = j;
        }
        if (!most)
            continue;
        turn->id = t->open[best].id;
        turn->told = t->open[best].told;
        work->matched[best] = 1;
    }
}

static int is_before(const struct dr_live_turn *a, const struct dr_live_turn *b) {
    return a->first != b->first ? a->first < b->first : a->speaker < b->speaker;
}

/* By insertion: they are few and nearly in order, and qsort may allocate. */
static void sort_by_start(struct work *work) {
    for (size_t i = 1; i < work->num; i++) {
        const struct dr_live_turn turn = work->turn[i];
        size_t j = i;
        for (; j > 0 && is_before(&turn, &work->turn[j - 1]); j--)
            work->turn[j] = work->turn[j - 1];
        work->turn[j] = turn;
    }
}

/* Turns that have a settled part go on from it. */
static void take_settled(struct work *work, const struct dr_live_turns *t) {
    for (size_t j = 0; j < t->num_open; j++) {
        if (t->open[j].first >= t->final_frame)
            continue;
        struct dr_live_turn *turn = add(work, &t->open[j]);
        turn->end = t->final_frame;
        turn->sum = turn->settled;
        work->matched[j] = 1;
    }
}

static void end_turns(struct work *work, size_t final) {
    for (size_t i = 0; i < work->num; i++)
        if (work->turn[i].end < final)
            work->turn[i].is_final = 1;
}

int dr_live_turns_step(struct dr_live_turns *t, const struct dr_live_runs *settled,
                       const struct dr_live_runs *seeming, const int32_t *number, size_t final,
                       struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct work work = {.turn = dr_arena_alloc(arena, t->num_open + settled->num + seeming->num + 1,
                                               sizeof *work.turn),
                        .matched = dr_arena_zalloc(arena, t->num_open + 1, 1)};
    if (!work.turn || !work.matched)
        return dr_fail_memory(err);
    take_settled(&work, t);
    add_runs(&work, settled, number, 1);
    end_turns(&work, final);
    add_runs(&work, seeming, number, 0);
    match(&work, t, 0);
    match(&work, t, 1);
    for (size_t j = 0; j < t->num_open; j++)
        if (!work.matched[j]) {
            diarist_event dropped = t->open[j].told;
            dropped.type = DIARIST_TURN_DROPPED;
            emit(t, dropped);
        }
    sort_by_start(&work);
    t->num_open = 0;
    t->final_frame = final;
    for (size_t i = 0; i < work.num; i++) {
        tell(t, &work.turn[i]);
        if (!work.turn[i].is_final) {
            assert(t->num_open < t->max_turns);
            t->open[t->num_open++] = work.turn[i];
        }
    }
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}

void dr_live_turns_finish(struct dr_live_turns *t) {
    for (size_t i = 0; i < t->num_open; i++) {
        t->open[i].is_final = 1;
        tell(t, &t->open[i]);
    }
    t->num_open = 0;
}

void dr_live_turns_merge(struct dr_live_turns *t, int32_t speaker, int32_t into) {
    for (size_t i = 0; i < t->num_open; i++) {
        struct dr_live_turn *turn = &t->open[i];
        turn->speaker = turn->speaker == speaker ? into : turn->speaker;
        turn->told.speaker = turn->told.speaker == speaker ? into : turn->told.speaker;
    }
    emit(t, (diarist_event){.type = DIARIST_SPEAKER_MERGED, .speaker = speaker, .into = into});
}
