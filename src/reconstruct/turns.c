/* turns.c - who spoke when, from activity.
 * SPDX-License-Identifier: MIT
 *
 * runs of frames per speaker -> pauses filled -> short ones dropped -> numbered by appearance
 *   -> sweep over their edges: overlap, and who has the floor -> seconds */
#include "reconstruct/turns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

static int by_speaker(const void *a, const void *b) {
    const struct dr_run *x = a, *y = b;
    if (x->speaker != y->speaker)
        return x->speaker < y->speaker ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int by_start(const void *a, const void *b) {
    const struct dr_run *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->speaker < y->speaker ? -1 : x->speaker > y->speaker;
}

static int by_value(const void *a, const void *b) {
    const size_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double frame_edge_s(size_t frame, const struct dr_frame_times *times) {
    return fmin((double)frame * DR_FRAME_S + times->first_s, times->end_s);
}

/* Fills pauses, then drops what is too short or lies behind the end. Sorts by start. */
static void smooth(struct dr_run_list *list, const struct dr_frame_times *times,
                   const struct dr_reconstruct_params *params) {
    qsort(list->run, list->num, sizeof *list->run, by_speaker);
    size_t num = 0;
    for (size_t i = 0; i < list->num; i++) {
        const struct dr_run *run = &list->run[i];
        struct dr_run *last = num > 0 ? &list->run[num - 1] : NULL;
        if (last && last->speaker == run->speaker &&
            (double)(run->first - last->end) * DR_FRAME_S < params->min_duration_off_s) {
            last->end = run->end;
            last->after = run->after;
        } else {
            list->run[num++] = *run;
        }
    }
    list->num = 0;
    for (size_t i = 0; i < num; i++) {
        const struct dr_run *run = &list->run[i];
        double length_s = frame_edge_s(run->end, times) - frame_edge_s(run->first, times);
        if (length_s > 0 && length_s >= params->min_duration_on_s)
            list->run[list->num++] = *run;
    }
    qsort(list->run, list->num, sizeof *list->run, by_start);
}

/* Numbers the speakers of runs sorted by start, and of best, by first appearance; speakers without
 * a run are taken out of best. order [num_speakers] receives their old numbers; returns how many.
 */
static size_t number_speakers(uint32_t *order, uint32_t *number, size_t num_speakers,
                              struct dr_run_list *all, struct dr_run_list *best) {
    uint32_t num = 0;
    for (size_t k = 0; k < num_speakers; k++)
        number[k] = NOBODY;
    for (size_t i = 0; i < all->num; i++) {
        struct dr_run *run = &all->run[i];
        if (number[run->speaker] == NOBODY) {
            order[num] = run->speaker;
            number[run->speaker] = num++;
        }
        run->speaker = number[run->speaker];
    }
    qsort(all->run, all->num, sizeof *all->run, by_start);
    for (size_t i = 0; i < best->num; i++)
        best->run[i].speaker = number[best->run[i].speaker];
    return num;
}

/* Where a sweep over time stands. */
struct sweep {
    const struct dr_run_list *all, *best;
    size_t next, next_best; /* runs that have not begun; best runs that have not ended */
    size_t *current;        /* [num_speakers] run that each is in, or SIZE_MAX */
    size_t num_speakers, num_current;
    const struct dr_frame_times *times;
};

/* Ends and begins runs at an edge. */
static void advance(struct sweep *s, size_t frame) {
    s->num_current = 0;
    for (size_t k = 0; k < s->num_speakers; k++)
        if (s->current[k] != SIZE_MAX && s->all->run[s->current[k]].end <= frame)
            s->current[k] = SIZE_MAX;
    for (; s->next < s->all->num && s->all->run[s->next].first <= frame; s->next++)
        s->current[s->all->run[s->next].speaker] = s->next;
    for (size_t k = 0; k < s->num_speakers; k++)
        s->num_current += s->current[k] != SIZE_MAX;
    while (s->next_best < s->best->num && s->best->run[s->next_best].end <= frame)
        s->next_best++;
}

/* Who has the floor: the most active speaker. Where smoothing took it out or filled a pause: who
 * had it before, or else who began first. */
static size_t holder(const struct sweep *s, size_t frame, size_t before) {
    if (s->next_best < s->best->num && s->best->run[s->next_best].first <= frame) {
        uint32_t best = s->best->run[s->next_best].speaker;
        if (best != NOBODY && s->current[best] != SIZE_MAX)
            return s->current[best];
    }
    size_t earliest = SIZE_MAX;
    for (size_t k = 0; k < s->num_speakers; k++) {
        if (s->current[k] == SIZE_MAX)
            continue;
        if (s->current[k] == before)
            return before;
        earliest = s->current[k] < earliest ? s->current[k] : earliest;
    }
    return earliest;
}

static struct dr_turn turn_of(const struct dr_run *run, size_t first, size_t end,
                              const struct dr_frame_times *times) {
    double mean = (run->after - run->before) / (double)(run->end - run->first);
    return (struct dr_turn){.start_s = frame_edge_s(first, times),
                            .end_s = frame_edge_s(end, times),
                            .speaker = (int32_t)run->speaker,
                            .confidence = (float)fmin(fmax(mean, 0), 1)};
}

/* Fills the exclusive view and marks overlap in both. edge: sorted frames where anything changes.
 */
static void sweep_edges(struct dr_turns *out, struct sweep *s, const size_t *edge,
                        size_t num_edges) {
    size_t before = SIZE_MAX;
    for (size_t e = 0; e + 1 < num_edges; e++) {
        size_t first = edge[e], end = edge[e + 1];
        if (first == end)
            continue;
        advance(s, first);
        if (frame_edge_s(first, s->times) >= s->times->end_s)
            return;
        for (size_t k = 0; k < s->num_speakers && s->num_current > 1; k++)
            if (s->current[k] != SIZE_MAX)
                out->turn[s->current[k]].overlap = 1;
        size_t run = s->num_current > 0 ? holder(s, first, before) : SIZE_MAX;
        if (run != SIZE_MAX && run == before) {
            struct dr_turn *turn = &out->exclusive[out->num_exclusive - 1];
            turn->end_s = frame_edge_s(end, s->times);
            turn->overlap |= s->num_current > 1;
        } else if (run != SIZE_MAX) {
            struct dr_turn turn = turn_of(&s->all->run[run], first, end, s->times);
            turn.overlap = s->num_current > 1;
            out->exclusive[out->num_exclusive++] = turn;
        }
        before = run;
    }
}

static size_t collect_edges(size_t *edge, const struct dr_run_list *list) {
    for (size_t i = 0; i < list->num; i++) {
        edge[2 * i] = list->run[i].first;
        edge[2 * i + 1] = list->run[i].end;
    }
    return 2 * list->num;
}

int dr_turns_of_runs(struct dr_turns *out, struct dr_run_builder *builder,
                     const struct dr_frame_times *times, const struct dr_reconstruct_params *params,
                     struct dr_arena *arena) {
    struct dr_run_list *all = &builder->all, *best = &builder->best;
    size_t num_speakers = builder->num_speakers;
    struct sweep s = {.all = all, .best = best, .times = times};
    if (all->num == 0)
        return 0;
    smooth(all, times, params);
    uint32_t *number = dr_arena_alloc(builder->arena, num_speakers, sizeof *number);
    s.current = dr_arena_alloc(builder->arena, num_speakers, sizeof *s.current);
    size_t *edge = dr_arena_alloc(builder->arena, all->num + best->num, 2 * sizeof *edge);
    out->order = dr_arena_alloc(arena, num_speakers, sizeof *out->order);
    out->turn = dr_arena_alloc(arena, all->num, sizeof *out->turn);
    out->exclusive = dr_arena_alloc(arena, 2 * (all->num + best->num), sizeof *out->exclusive);
    if (!number || !s.current || !edge || !out->order || !out->turn || !out->exclusive)
        return -1;
    out->num_speakers = number_speakers(out->order, number, num_speakers, all, best);
    for (size_t i = 0; i < all->num; i++)
        out->turn[i] = turn_of(&all->run[i], all->run[i].first, all->run[i].end, times);
    out->num_turns = all->num;
    s.num_speakers = out->num_speakers;
    for (size_t k = 0; k < num_speakers; k++)
        s.current[k] = SIZE_MAX;
    size_t num_edges = collect_edges(edge, all);
    num_edges += collect_edges(edge + num_edges, best);
    qsort(edge, num_edges, sizeof *edge, by_value);
    sweep_edges(out, &s, edge, num_edges);
    return 0;
}

/* Left edges of frames. */
static struct dr_frame_times edges_of(size_t num_samples) {
    return (struct dr_frame_times){DR_FRAME_OFFSET_S, (double)num_samples / DR_SAMPLE_RATE};
}

/* Runs of all frames of a recording. */
static int build_runs(struct dr_run_builder *builder, struct dr_activity *activity) {
    size_t num_speakers = activity->in.num_speakers;
    for (dr_activity_next(activity); activity->num > 0; dr_activity_next(activity))
        for (size_t i = 0; i < activity->num; i++)
            if (dr_run_builder_add(builder, activity->score + i * num_speakers,
                                   activity->probability + i * num_speakers,
                                   activity->in.count[activity->first + i]))
                return -1;
    return dr_run_builder_finish(builder);
}

int dr_reconstruct(struct dr_turns *out, const struct dr_reconstruct_input *in,
                   const struct dr_reconstruct_params *params, struct dr_arena *arena,
                   diarist_error *err) {
    *out = (struct dr_turns){0};
    struct dr_arena scratch = {0};
    struct dr_activity activity;
    struct dr_run_builder builder;
    const struct dr_frame_times times = edges_of(in->segmentation->num_samples);
    int status = dr_activity_open(&activity, in, params, &scratch, err);
    if (!status &&
        (dr_run_builder_init(&builder, in->num_speakers, params->min_activity, &scratch) ||
         build_runs(&builder, &activity) || dr_turns_of_runs(out, &builder, &times, params, arena)))
        status = dr_fail_memory(err);
    dr_arena_free(&scratch);
    return status;
}

/* Whether anybody talks at a frame; before: at the one before it. */
static int is_speech(const struct dr_reconstruct_params *params, unsigned count, float speech,
                     int before) {
    if (params->onset < 0)
        return count > 0;
    return before ? speech >= params->offset : speech > params->onset;
}

int dr_reconstruct_speech(struct dr_turns *out, const uint8_t *count, const float *speech,
                          size_t num_frames, size_t num_samples,
                          const struct dr_reconstruct_params *params, struct dr_arena *arena,
                          diarist_error *err) {
    *out = (struct dr_turns){0};
    struct dr_arena scratch = {0};
    struct dr_run_builder builder;
    const struct dr_frame_times times = edges_of(num_samples);
    const float talking = 1;
    int failed = dr_run_builder_init(&builder, 1, params->min_activity, &scratch);
    int talks = 0;
    for (size_t f = 0; f < num_frames && !failed; f++) {
        talks = is_speech(params, count[f], speech[f], talks);
        failed = dr_run_builder_add(&builder, &talking, &speech[f], (unsigned)talks);
    }
    failed = failed || dr_run_builder_finish(&builder) ||
             dr_turns_of_runs(out, &builder, &times, params, arena);
    dr_arena_free(&scratch);
    return failed ? dr_fail_memory(err) : DIARIST_OK;
}
