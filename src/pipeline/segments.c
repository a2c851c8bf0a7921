/* segments.c - segmentation of a recording as its samples come, and how many talk.
 * SPDX-License-Identifier: MIT */
#include "pipeline/segments.h"

#include <stdlib.h>

#include "base/growing.h"
#include "reconstruct/frames.h"
#include "segmentation/powerset.h"

enum { FRAMES = DR_CHUNK_FRAMES };

int dr_segments_open(struct dr_segments *segments, struct dr_workers *workers, size_t step,
                     const struct dr_reconstruct_params *params, size_t round, int wants_speech,
                     struct dr_arena *arena, diarist_error *err) {
    *segments = (struct dr_segments){.workers = workers,
                                     .step = step,
                                     .params = *params,
                                     .round = round,
                                     .wants_speech = wants_speech};
    segments->logprob = dr_arena_alloc(arena, round * FRAMES, DR_CLASSES * sizeof(float));
    segments->marginals = dr_arena_alloc(arena, round, sizeof *segments->marginals);
    dr_counter_open(&segments->counter);
    return segments->logprob && segments->marginals ? DIARIST_OK : dr_fail_memory(err);
}

void dr_segments_close(struct dr_segments *segments) {
    free(segments->active);
    free(segments->marginal);
    free(segments->count);
    free(segments->speech);
}

/* ---- chunks ---- */

struct chunk_work {
    struct dr_segments *segments;
    const float *samples;
};

static void chunk_batch(void *context, size_t first, size_t num, struct dr_pool *pool, int worker) {
    const struct chunk_work *work = context;
    struct dr_segments *s = work->segments;
    dr_pyannet_run(s->workers->networks->pyannet, s->logprob + first * FRAMES * DR_CLASSES,
                   work->samples + first * s->step, s->step, num, pool,
                   s->workers->scratch[worker]);
    for (size_t i = first; i < first + num; i++) {
        const float *logprob = s->logprob + i * FRAMES * DR_CLASSES;
        size_t at = (s->num_chunks + i) * FRAMES;
        dr_powerset_decode(s->active + at, logprob, FRAMES);
        dr_marginals(&s->marginals[i], logprob, &s->params);
        dr_marginals_pack(s->marginal + at * DR_LOCAL_SPEAKERS, &s->marginals[i]);
    }
}

static int settle(struct dr_segments *s, size_t end, diarist_error *err) {
    size_t first = s->counter.first;
    int status = dr_grow(&s->count, &s->count_room, end, sizeof *s->count, err);
    if (!status && s->wants_speech)
        status = dr_grow(&s->speech, &s->speech_room, end, sizeof *s->speech, err);
    if (!status && end > first)
        dr_counter_settle(&s->counter, s->count + first, s->speech ? s->speech + first : NULL, end);
    return status;
}

/* At most a round. */
static int add_round(struct dr_segments *s, const float *samples, size_t num, diarist_error *err) {
    size_t frames = (s->num_chunks + num) * FRAMES;
    int status = dr_grow(&s->active, &s->active_room, frames, 1, err);
    if (!status)
        status = dr_grow(&s->marginal, &s->marginal_room, frames, DR_LOCAL_SPEAKERS, err);
    if (status)
        return status;
    dr_workers_run_batches(s->workers, chunk_batch, NULL, &(struct chunk_work){s, samples}, num);
    for (size_t i = 0; i < num && !status; i++) {
        status = settle(s, dr_chunk_frame((s->num_chunks + i) * s->step), err);
        if (!status)
            dr_counter_add(&s->counter, &s->marginals[i]);
    }
    s->num_chunks += num;
    return status;
}

int dr_segments_add(struct dr_segments *segments, const float *samples, size_t num,
                    diarist_error *err) {
    int status = DIARIST_OK;
    while (num && !status) {
        size_t part = num < segments->round ? num : segments->round;
        status = add_round(segments, samples, part, err);
        samples += part * segments->step;
        num -= part;
    }
    return status;
}

int dr_segments_settle(struct dr_segments *segments, diarist_error *err) {
    return settle(segments, dr_chunk_frame(segments->num_chunks * segments->step), err);
}

int dr_segments_finish(struct dr_segments *segments, size_t num_samples, diarist_error *err) {
    return settle(segments, dr_num_frames(num_samples), err);
}

struct dr_segmentation dr_segments_view(const struct dr_segments *segments, size_t num_samples) {
    return (struct dr_segmentation){.num_chunks = segments->num_chunks,
                                    .step = segments->step,
                                    .num_samples = num_samples,
                                    .active = segments->active,
                                    .marginal = segments->marginal};
}
