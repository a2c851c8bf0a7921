/* group.c - live streams that share threads.
 * SPDX-License-Identifier: MIT
 *
 * due streams -> batches, one a thread -> convolutions, chunk by chunk
 *                                      -> the rest of the network, all chunks together
 *             -> stream by stream, by whichever thread is free -> the rest of the step */
#include "live/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/growing.h"
#include "pipeline/plan.h"

enum { BATCH = DR_PYANNET_BATCH, LOGPROBS = DR_CHUNK_FRAMES * DR_CLASSES };

/* A thread's scratch as a batch uses it. */
struct scratch {
    float *sequence; /* [589][BATCH][60] */
    float *rest;     /* of the network */
};

static size_t lay_out(struct scratch *s, float *base) {
    const size_t sequence = DR_PADDED((size_t)BATCH * DR_CHUNK_FRAMES * DR_SINCNET_FEATURES);
    const size_t net = dr_pyannet_sequence_scratch(BATCH), step = dr_front_end_scratch();
    if (s)
        *s = (struct scratch){base, base + sequence};
    return sequence + (net > step ? net : step);
}

/* ---- opening ---- */

static int open_threads(struct diarist_stream_group *g, const struct diarist_model *model,
                        int num_threads, diarist_error *err) {
    int status =
        dr_workers_open(&g->workers, model, NULL, num_threads, lay_out(NULL, NULL), &g->arena, err);
    if (status)
        return status;
    const size_t most = (size_t)num_threads * BATCH;
    g->step_arena = dr_arena_zalloc(&g->arena, (size_t)num_threads, sizeof *g->step_arena);
    g->logprob = dr_arena_alloc(&g->arena, most, LOGPROBS * sizeof *g->logprob);
    g->heard = dr_arena_alloc(&g->arena, most, sizeof *g->heard);
    if (!g->step_arena || !g->logprob || !g->heard)
        return dr_fail_memory(err);
    for (int i = 0; i < num_threads; i++)
        if (dr_arena_reserve(&g->step_arena[i], dr_stream_step_bytes()))
            return dr_fail_memory(err);
    return DIARIST_OK;
}

int diarist_stream_group_open(diarist_stream_group **out, const diarist_model *model,
                              int32_t num_threads, diarist_error *err) {
    *out = NULL;
    int status = dr_check_range(num_threads, 0, DR_MAX_THREADS, "num_threads", err);
    if (status)
        return status;
    struct diarist_stream_group *g = calloc(1, sizeof *g);
    if (!g)
        return dr_fail_memory(err);
    status = open_threads(g, model, num_threads ? num_threads : dr_available_threads(), err);
    if (status) {
        diarist_stream_group_free(g);
        return status;
    }
    *out = g;
    return DIARIST_OK;
}

void diarist_stream_group_free(diarist_stream_group *g) {
    if (!g)
        return;
    for (int i = 0; g->step_arena && i < g->workers.num; i++)
        dr_arena_free(&g->step_arena[i]);
    dr_workers_close(&g->workers);
    dr_arena_free(&g->arena);
    free(g->stream);
    free(g->due);
    free(g);
}

int dr_group_add(struct diarist_stream_group *group, struct diarist_stream *stream,
                 diarist_error *err) {
    size_t room = group->room;
    int status = dr_grow(&group->stream, &room, group->num + 1, sizeof *group->stream, err);
    if (!status)
        status = dr_grow(&group->due, &group->room, group->num + 1, sizeof *group->due, err);
    if (!status)
        group->stream[group->num++] = stream;
    return status;
}

void dr_group_remove(struct diarist_stream_group *group, struct diarist_stream *stream) {
    for (size_t i = 0; i < group->num; i++)
        if (group->stream[i] == stream) {
            memmove(group->stream + i, group->stream + i + 1,
                    (--group->num - i) * sizeof *group->stream);
            return;
        }
}

/* ---- a round ---- */

struct round {
    struct diarist_stream_group *group;
    struct diarist_stream **streams;
    int last;
};

static size_t end_of(const struct diarist_stream *s, int last) {
    return last ? s->front_end.num_samples : dr_front_end_due(&s->front_end);
}

/* Chunks of streams [first, first + num) through the network. */
static void segment(void *context, size_t first, size_t num, struct dr_pool *pool, int worker) {
    const struct round *round = context;
    struct diarist_stream_group *g = round->group;
    struct diarist_stream **streams = round->streams + first;
    float *logprob = g->logprob + first * LOGPROBS;
    size_t heard = 0, index = 0;
    struct scratch s;
    lay_out(&s, g->workers.scratch[worker]);
    for (size_t i = 0; i < num; i++) {
        const size_t end = end_of(streams[i], round->last);
        const int any = dr_front_end_hear(&streams[i]->front_end, end, s.rest);
        g->heard[first + i] = any ? logprob + heard++ * LOGPROBS : NULL;
    }
    for (size_t i = 0; i < num; i++)
        if (g->heard[first + i])
            dr_front_end_convolve(&streams[i]->front_end, s.sequence, index++, heard,
                                  end_of(streams[i], round->last), s.rest);
    if (heard)
        dr_pyannet_run_sequence(streams[0]->front_end.networks->pyannet, logprob, s.sequence, heard,
                                pool, s.rest);
}

/* The rest of a stream's step. */
static void go_on(void *context, size_t i, int worker) {
    const struct round *round = context;
    struct diarist_stream_group *g = round->group;
    struct diarist_stream *stream = round->streams[i];
    diarist_error error; /* of memory, the only one */
    if (dr_stream_step(stream, g->heard[i], end_of(stream, round->last), round->last,
                       g->workers.scratch[worker], &g->step_arena[worker], &error))
        stream->state = DR_STREAM_FAILED;
}

int dr_group_step(struct diarist_stream_group *group, struct diarist_stream **streams, size_t num,
                  int last, diarist_error *err) {
    struct round round = {.group = group, .streams = streams, .last = last};
    dr_workers_run_batches(&group->workers, segment, go_on, &round, num);
    for (size_t i = 0; i < num; i++)
        if (streams[i]->state == DR_STREAM_FAILED)
            return dr_fail_memory(err);
    return DIARIST_OK;
}

/* How long a stream has waited, in samples. */
static size_t waited(const struct diarist_stream *s) {
    return s->front_end.num_samples - dr_front_end_due(&s->front_end);
}

/* Of the due streams those that have waited longest, with the same networks as the first of them.
 * Returns how many. */
static size_t choose_due(struct diarist_stream_group *g, size_t most) {
    size_t num = 0, kept = 0;
    for (size_t i = 0; i < g->num; i++) {
        if (!dr_stream_is_due(g->stream[i]))
            continue;
        size_t at = num++;
        for (; at > 0 && waited(g->due[at - 1]) < waited(g->stream[i]); at--)
            g->due[at] = g->due[at - 1];
        g->due[at] = g->stream[i];
    }
    for (size_t i = 0; i < num && kept < most; i++)
        if (g->due[i]->front_end.networks == g->due[0]->front_end.networks)
            g->due[kept++] = g->due[i];
    return kept;
}

int diarist_stream_group_run(diarist_stream_group *group, size_t *num_steps, diarist_error *err) {
    *num_steps = choose_due(group, (size_t)group->workers.num * BATCH);
    if (!*num_steps)
        return DIARIST_OK;
    return dr_group_step(group, group->due, *num_steps, 0, err);
}
