/* vad_stream.c - whether anybody speaks, while it is said.
 * SPDX-License-Identifier: MIT
 *
 * samples -> pending -> windows of 10 s that are due, in batches -> probability [589] of each
 *                    -> the frames of its middle                 -> ranges of voice -> queue
 *
 * Window k begins at k * step. It says what its middle is, one step long, of which it knows most on
 * both sides; the first one also what is before its middle, the last one what is behind. The last
 * one is the last 10 s, wherever they begin. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diarist/stream.h"
#include "live/voice.h"
#include "pipeline/plan.h"
#include "pipeline/samples.h"
#include "pipeline/workers.h"
#include "reconstruct/frames.h"

struct diarist_vad_stream {
    struct dr_arena arena;
    struct dr_workers workers;
    size_t step;       /* samples between windows */
    size_t middle_end; /* samples from a window's start to the end of its middle */
    size_t round;      /* windows that are worked on together, at most */

    float *pending; /* samples [pending_first, num_samples), the whole last window at least */
    size_t pending_first, num_samples;
    size_t num_windows; /* done */
    int finished;

    float *logprob;                 /* [round][589][7] */
    float *probability;             /* [1 + round][589]: of the last window done, and of a round */
    float silence[DR_CHUNK_FRAMES]; /* of a window without a sound, */
    int knows_silence;              /* once there was one */

    struct dr_voice voice;
    diarist_voice_range *queue; /* [queue_room] */
    size_t queue_first, queue_end, queue_room;
};

/* ---- opening ---- */

void diarist_vad_options_init(diarist_vad_options *options) {
    *options = (diarist_vad_options){
        .struct_size = sizeof *options, .step_s = 2.5, .onset = 0.5, .offset = 0.357};
}

static int check_options(const diarist_vad_options *o, diarist_error *err) {
    if (o->struct_size != sizeof *o)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "struct_size is not set; call diarist_vad_options_init first");
    int status = dr_check_range(o->step_s, 0.5, 10, "step_s", err);
    if (!status)
        status = dr_check_range(o->onset, 0, 1, "onset", err);
    if (!status)
        status = dr_check_range(o->offset, 0, 1, "offset", err);
    if (!status)
        status = dr_check_range(o->min_duration_off_s, 0, 3600, "min_duration_off_s", err);
    if (!status)
        status = dr_check_range(o->num_threads, 0, DR_MAX_THREADS, "num_threads", err);
    if (!status && o->offset > o->onset)
        status =
            dr_fail(err, DIARIST_ERROR_ARGUMENT,
                    "offset %g is above onset %g; lower it, or raise onset", o->offset, o->onset);
    return status;
}

static int open_buffers(diarist_vad_stream *s, diarist_error *err) {
    /* Every second frame can end a range: those of a round, of what is before the first one's
     * middles and of what is left at the end. */
    s->queue_room = (s->round * s->step / DR_FRAME_STEP + 3 * DR_CHUNK_FRAMES) / 2;
    s->pending =
        dr_arena_alloc(&s->arena, DR_CHUNK_SAMPLES + s->round * s->step, sizeof *s->pending);
    s->logprob =
        dr_arena_alloc(&s->arena, s->round * DR_CHUNK_FRAMES, DR_CLASSES * sizeof *s->logprob);
    s->probability =
        dr_arena_alloc(&s->arena, (1 + s->round) * DR_CHUNK_FRAMES, sizeof *s->probability);
    s->queue = dr_arena_alloc(&s->arena, s->queue_room, sizeof *s->queue);
    if (!s->pending || !s->logprob || !s->probability || !s->queue)
        return dr_fail_memory(err);
    return DIARIST_OK;
}

static int open_stream(diarist_vad_stream *s, const diarist_model *model,
                       const diarist_vad_options *o, diarist_error *err) {
    const struct dr_networks *networks;
    const int num_threads = o->num_threads ? o->num_threads : 1;
    s->step = (size_t)lrint(o->step_s * DR_SAMPLE_RATE);
    s->middle_end = (DR_CHUNK_SAMPLES + s->step) / 2;
    if (s->middle_end > DR_CHUNK_SAMPLES - DR_FRAME_DURATION) /* no frame ends behind the window */
        s->middle_end = DR_CHUNK_SAMPLES - DR_FRAME_DURATION;
    s->round = (size_t)num_threads * DR_PYANNET_BATCH;
    dr_voice_open(&s->voice, &(struct dr_voice_params){o->onset, o->offset, o->min_duration_off_s});
    int status = dr_model_networks(
        &networks, model, dr_model_precision(model, DIARIST_PRESET_BALANCED), num_threads, err);
    if (!status)
        status = dr_workers_open(&s->workers, model, networks, num_threads, 0, &s->arena, err);
    return status ? status : open_buffers(s, err);
}

int diarist_vad_stream_open(diarist_vad_stream **out, const diarist_model *model,
                            const diarist_vad_options *options, diarist_error *err) {
    diarist_vad_options defaults;
    *out = NULL;
    diarist_vad_options_init(&defaults);
    const diarist_vad_options *o = options ? options : &defaults;
    int status = check_options(o, err);
    if (status)
        return status;
    diarist_vad_stream *s = calloc(1, sizeof *s);
    if (!s)
        return dr_fail_memory(err);
    status = open_stream(s, model, o, err);
    if (status) {
        diarist_vad_stream_free(s);
        return status;
    }
    *out = s;
    return DIARIST_OK;
}

void diarist_vad_stream_free(diarist_vad_stream *s) {
    if (!s)
        return;
    dr_workers_close(&s->workers);
    dr_arena_free(&s->arena);
    free(s);
}

/* ---- windows ---- */

struct window_work {
    diarist_vad_stream *stream;
    const float *samples;
    float *probability; /* [windows][589] */
};

static void window_batch(void *context, size_t first, size_t num, struct dr_pool *pool,
                         int worker) {
    const struct window_work *work = context;
    const diarist_vad_stream *s = work->stream;
    float *logprob = s->logprob + first * DR_CHUNK_FRAMES * DR_CLASSES;
    dr_pyannet_run(s->workers.networks->pyannet, logprob, work->samples + first * s->step, s->step,
                   num, pool, s->workers.scratch[worker]);
    for (size_t i = first; i < first + num; i++, logprob += DR_CHUNK_FRAMES * DR_CLASSES)
        dr_voice_probability(work->probability + i * DR_CHUNK_FRAMES, logprob);
}

/* Windows every step from samples on, at most a round. */
static void run_windows(diarist_vad_stream *s, float *probability, const float *samples,
                        size_t num) {
    dr_workers_run_batches(&s->workers, window_batch, NULL,
                           &(struct window_work){s, samples, probability}, num);
}

/* What the network says of silence it says once. */
static void copy_silence(diarist_vad_stream *s, float *probability, const float *window) {
    if (!s->knows_silence)
        run_windows(s, s->silence, window, 1);
    s->knows_silence = 1;
    memcpy(probability, s->silence, sizeof s->silence);
}

/* The same, the windows without a sound being left out. The last one may turn out to be the last of
 * all: it is kept. */
static void run_round(diarist_vad_stream *s, const float *samples, size_t num) {
    float *probability = s->probability + DR_CHUNK_FRAMES;
    for (size_t i = 0, run; i < num; i += run ? run : 1) {
        for (run = 0;
             i + run < num && !dr_samples_silent(samples + (i + run) * s->step, DR_CHUNK_SAMPLES);)
            run++;
        if (run)
            run_windows(s, probability + i * DR_CHUNK_FRAMES, samples + i * s->step, run);
        else
            copy_silence(s, probability + i * DR_CHUNK_FRAMES, samples + i * s->step);
    }
    memcpy(s->probability, s->probability + num * DR_CHUNK_FRAMES,
           DR_CHUNK_FRAMES * sizeof *s->probability);
}

/* ---- ranges ---- */

static double edge_s(const diarist_vad_stream *s, size_t frame) {
    double duration = (double)s->num_samples / DR_SAMPLE_RATE;
    return fmin((double)frame * DR_FRAME_S + DR_FRAME_OFFSET_S, duration);
}

static void push(diarist_vad_stream *s, const struct dr_voice_range *range) {
    s->queue[s->queue_end++] =
        (diarist_voice_range){edge_s(s, range->first), edge_s(s, range->end)};
}

/* The frames before frame number `end`, as a window that begins at frame number `start` has them:
 * probability[589]. The few that lie between two windows take what is nearest. */
static void add_frames(diarist_vad_stream *s, const float *probability, size_t start, size_t end) {
    struct dr_voice_range range;
    while (s->voice.frame < end) {
        size_t in_window = s->voice.frame > start ? s->voice.frame - start : 0;
        if (in_window > DR_CHUNK_FRAMES - 1)
            in_window = DR_CHUNK_FRAMES - 1;
        if (dr_voice_add(&s->voice, probability[in_window], &range))
            push(s, &range);
    }
}

int diarist_vad_stream_next(diarist_vad_stream *s, diarist_voice_range *out) {
    if (s->queue_first == s->queue_end)
        return -1;
    *out = s->queue[s->queue_first++];
    if (s->queue_first == s->queue_end)
        s->queue_first = s->queue_end = 0;
    return 0;
}

int diarist_vad_stream_active(const diarist_vad_stream *s) {
    return s->voice.active;
}

/* ---- feeding ---- */

/* All windows whose samples are there. Of what is pending the last window stays. */
static void run_due(diarist_vad_stream *s) {
    size_t first = s->num_windows * s->step;
    if (s->num_samples < first + DR_CHUNK_SAMPLES)
        return;
    size_t num = (s->num_samples - first - DR_CHUNK_SAMPLES) / s->step + 1;
    run_round(s, s->pending + (first - s->pending_first), num);
    for (size_t i = 1; i <= num; i++) {
        size_t start = s->num_windows++ * s->step;
        add_frames(s, s->probability + i * DR_CHUNK_FRAMES, dr_chunk_frame(start),
                   dr_chunk_frame(start + s->middle_end));
    }
    size_t last = (s->num_windows - 1) * s->step;
    memmove(s->pending, s->pending + (last - s->pending_first),
            (s->num_samples - last) * sizeof *s->pending);
    s->pending_first = last;
}

int diarist_vad_stream_feed(diarist_vad_stream *s, const float *samples, size_t n, size_t *used,
                            diarist_error *err) {
    *used = 0;
    if (s->finished)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the stream has ended; open another one");
    while (*used < n && s->queue_first == s->queue_end) {
        size_t round_end = (s->num_windows + s->round - 1) * s->step + DR_CHUNK_SAMPLES;
        size_t take = n - *used;
        if (take > round_end - s->num_samples)
            take = round_end - s->num_samples;
        dr_samples_copy(s->pending + (s->num_samples - s->pending_first), samples + *used, take);
        s->num_samples += take;
        *used += take;
        run_due(s);
    }
    return DIARIST_OK;
}

/* The window that ends with the samples; *start: where it begins. */
static void run_last(diarist_vad_stream *s, size_t *start) {
    size_t n = s->num_samples;
    *start = n > DR_CHUNK_SAMPLES ? n - DR_CHUNK_SAMPLES : 0;
    if (s->num_windows && *start == s->pending_first)
        return; /* it was the last one */
    if (n < DR_CHUNK_SAMPLES)
        dr_samples_mirror(s->pending, n, DR_CHUNK_SAMPLES);
    run_round(s, s->pending + (*start - s->pending_first), 1);
}

int diarist_vad_stream_finish(diarist_vad_stream *s, diarist_error *err) {
    struct dr_voice_range range;
    size_t start, n = s->num_samples;
    if (s->finished)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the stream has ended; open another one");
    s->finished = 1;
    if (!n)
        return DIARIST_OK;
    run_last(s, &start);
    /* Frames that begin before the end: frame f does at f * 270 + 360.5 samples. */
    const size_t twice_first = DR_FRAME_DURATION - DR_FRAME_STEP;
    size_t num_frames =
        2 * n > twice_first ? (2 * n - twice_first - 1) / (2 * DR_FRAME_STEP) + 1 : 0;
    add_frames(s, s->probability, dr_chunk_frame(start), num_frames);
    if (dr_voice_finish(&s->voice, &range))
        push(s, &range);
    return DIARIST_OK;
}
