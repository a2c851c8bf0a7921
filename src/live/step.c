/* step.c - one step of a live stream: a paragraph each for what is heard, who it is, and what is
 * said of it.
 * SPDX-License-Identifier: MIT */
#include "live/stream.h"

#include <string.h>

#include "clustering/assign.h"
#include "reconstruct/activity.h"
#include "reconstruct/frames.h"

enum { Q = DR_LOCAL_SPEAKERS, DIM = DR_EMBEDDING_DIM };

/* What is reconstructed: the last chunks, as a recording that starts with the first of them. */
struct scene {
    size_t first_frame, num_frames; /* of the stream; all that is known lies before num_frames */
    struct dr_segmentation segmentation;
    struct dr_windows windows;
    struct dr_centroids centroids;
    int32_t *number; /* of each centroid */
    int32_t *assign; /* [num_chunks][3] */
    uint8_t *count;
};

static void merged(void *context, int32_t speaker, int32_t into) {
    struct diarist_stream *s = context;
    dr_live_turns_merge(&s->turns, speaker, into);
}

/* New windows, and what the chunk says of who is not whom, to those who were heard so far. */
static int tell_speakers(struct diarist_stream *s, size_t end, int last, struct dr_arena *arena,
                         diarist_error *err) {
    const struct dr_front_end *fe = &s->front_end;
    int status = DIARIST_OK;
    for (size_t w = fe->num_windows - fe->num_new; w < fe->num_windows; w++)
        if (fe->window_centre[w] % DR_COARSE_HOP == 0)
            dr_live_speakers_add(&s->speakers, &fe->window[w],
                                 dr_window_centre_s(fe->window_centre[w]));
    if (end >= DR_CHUNK_SAMPLES && (end - s->linked >= s->params.link_step || last)) {
        const size_t place = fe->num_chunks - 1;
        const double start_s = (double)((fe->first_chunk + place) * fe->step) / DR_SAMPLE_RATE;
        status = dr_live_speakers_link(&s->speakers, fe->active + place * DR_CHUNK_FRAMES, start_s,
                                       arena, err);
        s->linked = end;
    }
    if (!status)
        status = dr_live_speakers_cluster(&s->speakers, end, merged, s, arena, err);
    return status;
}

static int lay_out(struct scene *scene, struct diarist_stream *s, size_t end,
                   struct dr_arena *arena, diarist_error *err) {
    const struct dr_front_end *fe = &s->front_end;
    const size_t first_sample = fe->first_chunk * fe->step;
    *scene = (struct scene){.first_frame = dr_chunk_frame(first_sample),
                            .num_frames = fe->num_frames,
                            .segmentation = {.num_chunks = fe->num_chunks,
                                             .step = fe->step,
                                             .num_samples = end - first_sample,
                                             .active = fe->active,
                                             .marginal = fe->marginal}};
    const size_t num_frames = dr_num_frames(end - first_sample);
    scene->count = dr_arena_zalloc(arena, num_frames, 1);
    scene->assign = dr_arena_alloc(arena, fe->num_chunks, Q * sizeof *scene->assign);
    scene->number = dr_arena_alloc(arena, DR_LIVE_MAX_SPEAKERS, sizeof *scene->number);
    scene->centroids.centroid = dr_arena_alloc(arena, DR_LIVE_MAX_SPEAKERS, DIM * sizeof(float));
    scene->windows = (struct dr_windows){
        .num = fe->num_windows + fe->num_partial,
        .embedding = s->front_end.window,
        .centre_s = dr_arena_alloc(arena, fe->num_windows + fe->num_partial, sizeof(double))};
    if (!scene->count || !scene->assign || !scene->number || !scene->centroids.centroid ||
        !scene->windows.centre_s)
        return dr_fail_memory(err);
    for (size_t w = 0; w < scene->windows.num; w++)
        scene->windows.centre_s[w] =
            dr_window_centre_s(fe->window_centre[w]) - (double)first_sample / DR_SAMPLE_RATE;
    for (size_t f = fe->counter.first; f < fe->num_frames; f++)
        if (f >= scene->first_frame && f - scene->first_frame < num_frames)
            scene->count[f - scene->first_frame] = dr_front_end_count(fe, f);
    scene->centroids.num_speakers =
        dr_live_speakers_heard(&s->speakers, scene->number, scene->centroids.centroid);
    return DIARIST_OK;
}

/* Frames [begin, end) of the stream as runs. */
static int find_runs(struct dr_live_runs *runs, const struct scene *scene,
                     const struct dr_activity *activity, size_t begin, size_t end,
                     float min_activity, struct dr_arena *arena) {
    struct dr_run_builder builder;
    const size_t num_speakers = activity->in.num_speakers;
    if (dr_run_builder_init(&builder, num_speakers, min_activity, arena))
        return -1;
    for (size_t f = begin; f < end; f++) {
        const size_t at = f - scene->first_frame;
        if (dr_run_builder_add(&builder, activity->score + at * num_speakers,
                               activity->probability + at * num_speakers, scene->count[at]))
            return -1;
    }
    if (dr_run_builder_finish(&builder))
        return -1;
    *runs = (struct dr_live_runs){.first = begin, .run = builder.all.run, .num = builder.all.num};
    return 0;
}

/* Local speakers are put on those who are known; activity becomes runs, runs become turns. */
static int say(struct diarist_stream *s, size_t end, int last, struct dr_arena *arena,
               diarist_error *err) {
    const struct dr_front_end *fe = &s->front_end;
    struct scene scene;
    struct dr_activity activity;
    struct dr_live_runs settled, seeming;
    int status = lay_out(&scene, s, end, arena, err);
    if (status)
        return status;
    const size_t begin = s->turns.final_frame, delay = s->params.delay / DR_FRAME_STEP;
    size_t final = last                       ? scene.num_frames
                   : scene.num_frames > delay ? scene.num_frames - delay
                                              : 0;
    final = final > begin ? final : begin;
    const struct dr_local_embeddings local = {fe->local, fe->has_local};
    status = dr_assign_local_speakers(scene.assign, &scene.segmentation, &local, &scene.centroids,
                                      &s->params.clustering, arena, err);
    const struct dr_reconstruct_input in = {
        .segmentation = &scene.segmentation,
        .count = scene.count,
        .assign = scene.assign,
        .num_speakers = scene.centroids.num_speakers ? scene.centroids.num_speakers : 1,
        .windows = &scene.windows,
        .centroids = &scene.centroids};
    if (!status)
        status = dr_activity_open(&activity, &in, &s->params.reconstruct, arena, err);
    if (status)
        return status;
    dr_activity_next(&activity);
    const float least = s->params.reconstruct.min_activity;
    if (find_runs(&settled, &scene, &activity, begin, final, least, arena) ||
        find_runs(&seeming, &scene, &activity, final, scene.num_frames, least, arena))
        return dr_fail_memory(err);
    if (!scene.centroids.num_speakers && settled.num + seeming.num)
        scene.number[0] = dr_live_speakers_anybody(&s->speakers);
    return dr_live_turns_step(&s->turns, &settled, &seeming, scene.number, final, arena, err);
}

size_t dr_stream_step_bytes(void) {
    const size_t frames = 2048; /* more than any scene has */
    return dr_live_speakers_scratch() + frames * DR_LIVE_MAX_SPEAKERS * 3 * sizeof(float) +
           (1 << 20);
}

int dr_stream_step(struct diarist_stream *stream, const float *logprob, size_t end, int last,
                   float *scratch, struct dr_arena *arena, diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    stream->turns.at_s = (double)end / DR_SAMPLE_RATE;
    dr_front_end_step(&stream->front_end, logprob, end, last, scratch);
    int status = tell_speakers(stream, end, last, arena, err);
    if (!status)
        status = say(stream, end, last, arena, err);
    dr_arena_rewind(arena, mark);
    return status;
}
