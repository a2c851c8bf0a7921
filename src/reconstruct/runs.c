/* runs.c - from frames to stretches of frames, as the frames come.
 * SPDX-License-Identifier: MIT */
#include "reconstruct/runs.h"

#include <string.h>

#define NOBODY SIZE_MAX

int dr_run_builder_init(struct dr_run_builder *builder, size_t num_speakers, float min_activity,
                        struct dr_arena *arena) {
    *builder = (struct dr_run_builder){
        .num_speakers = num_speakers,
        .min_activity = min_activity,
        .arena = arena,
        .open = dr_arena_zalloc(arena, num_speakers, sizeof *builder->open),
        .sum = dr_arena_zalloc(arena, num_speakers, sizeof *builder->sum),
        .talks = dr_arena_zalloc(arena, num_speakers, 1),
    };
    return builder->open && builder->sum && builder->talks ? 0 : -1;
}

static int append(struct dr_run_list *list, const struct dr_run *run, struct dr_arena *arena) {
    if (list->num == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        struct dr_run *grown = dr_arena_alloc(arena, room, sizeof *grown);
        if (!grown)
            return -1;
        if (list->num > 0)
            memcpy(grown, list->run, list->num * sizeof *grown);
        list->run = grown;
        list->room = room;
    }
    list->run[list->num++] = *run;
    return 0;
}

/* Marks in talks who talks at a frame; returns the most active of them or NOBODY. */
static size_t choose_talkers(struct dr_run_builder *b, const float *score, unsigned count) {
    size_t most_active = NOBODY;
    memset(b->talks, 0, b->num_speakers);
    for (unsigned c = 0; c < count && c < b->num_speakers; c++) {
        size_t best = NOBODY;
        for (size_t k = 0; k < b->num_speakers; k++)
            if (!b->talks[k] && (best == NOBODY || score[k] > score[best]))
                best = k;
        if (score[best] <= b->min_activity)
            break;
        b->talks[best] = 1;
        most_active = most_active == NOBODY ? best : most_active;
    }
    return most_active;
}

/* The open run of a speaker goes on, starts or ends. */
static int follow(struct dr_run_builder *b, size_t k) {
    struct dr_run *run = &b->open[k];
    if (b->talks[k]) {
        if (run->end == 0)
            *run = (struct dr_run){.speaker = (uint32_t)k, .first = b->frame, .before = b->sum[k]};
        run->end = b->frame + 1;
    } else if (run->end > 0) {
        run->after = b->sum[k];
        if (append(&b->all, run, b->arena))
            return -1;
        run->end = 0;
    }
    return 0;
}

static int follow_best(struct dr_run_builder *b, size_t best) {
    struct dr_run *run = &b->open_best;
    if (run->end > 0 && run->speaker != best) {
        if (append(&b->best, run, b->arena))
            return -1;
        run->end = 0;
    }
    if (best != NOBODY) {
        if (run->end == 0)
            *run = (struct dr_run){.speaker = (uint32_t)best, .first = b->frame};
        run->end = b->frame + 1;
    }
    return 0;
}

int dr_run_builder_add(struct dr_run_builder *builder, const float *score, const float *probability,
                       unsigned count) {
    struct dr_run_builder *b = builder;
    size_t best = choose_talkers(b, score, count);
    if (follow_best(b, best))
        return -1;
    for (size_t k = 0; k < b->num_speakers; k++) {
        if (follow(b, k))
            return -1;
        /* Two local speakers of a chunk on one speaker can add up to more than 1. */
        b->sum[k] += probability[k] < 1 ? probability[k] : 1;
    }
    b->frame++;
    return 0;
}

int dr_run_builder_finish(struct dr_run_builder *builder) {
    memset(builder->talks, 0, builder->num_speakers);
    for (size_t k = 0; k < builder->num_speakers; k++)
        if (follow(builder, k))
            return -1;
    return follow_best(builder, NOBODY);
}
