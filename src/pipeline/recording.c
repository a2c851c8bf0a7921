/* recording.c - one recording while it is fed: features and segmentation as the samples come.
 * SPDX-License-Identifier: MIT */
#include "pipeline/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "pipeline/scratch.h"

/* A frame looks ahead of its start by less than this. */
enum { LOOKAHEAD = DR_FBANK_LENGTH };
#define INAUDIBLE 1e-20f

static size_t max_size(size_t a, size_t b) {
    return a > b ? a : b;
}

/* ---- opening ---- */

static int make_scratch(struct diarist_recording *r, diarist_error *err) {
    size_t threads = (size_t)r->plan.num_threads;
    r->scratch = dr_arena_zalloc(&r->arena, threads, sizeof *r->scratch);
    if (!r->scratch)
        return dr_fail_memory(err);
    for (size_t i = 0; i < threads; i++) {
        r->scratch[i] = dr_arena_alloc(&r->arena, dr_scratch_floats(), sizeof **r->scratch);
        if (!r->scratch[i])
            return dr_fail_memory(err);
    }
    return DIARIST_OK;
}

static int make_pending(struct diarist_recording *r, diarist_error *err) {
    r->round_chunks = (size_t)r->plan.num_threads * DR_PYANNET_BATCH;
    r->pending_capacity = (r->round_chunks - 1) * r->plan.step + DR_CHUNK_SAMPLES + LOOKAHEAD;
    /* The last chunk may reach a whole chunk beyond the end. */
    r->pending = dr_arena_alloc(&r->arena, r->pending_capacity + DR_CHUNK_SAMPLES, sizeof(float));
    return r->pending ? DIARIST_OK : dr_fail_memory(err);
}

int diarist_recording_open(diarist_recording **out, const diarist_model *model,
                           const diarist_options *options, diarist_error *err) {
    *out = NULL;
    struct diarist_recording *r = calloc(1, sizeof *r);
    if (!r)
        return dr_fail_memory(err);
    r->model = model;
    r->start_s = dr_clock_s();
    int status = dr_plan_make(&r->plan, options, model->cluster_threshold, err);
    if (!status)
        status =
            dr_model_networks(&r->networks, model, dr_model_precision(model, r->plan.preset), err);
    if (!status) {
        r->pool = dr_pool_new(r->plan.num_threads);
        if (!r->pool)
            status = dr_fail(err, DIARIST_ERROR_MEMORY, "cannot start %d threads; try --threads 1",
                             r->plan.num_threads);
    }
    if (!status)
        status = make_scratch(r, err);
    if (!status)
        status = make_pending(r, err);
    if (status) {
        diarist_recording_free(r);
        return status;
    }
    *out = r;
    return DIARIST_OK;
}

void diarist_recording_free(diarist_recording *r) {
    if (!r)
        return;
    dr_pool_free(r->pool);
    for (size_t i = 0; i < r->num_blocks; i++)
        free(r->block[i]);
    free(r->block);
    free(r->logprob);
    dr_arena_free(&r->arena);
    free(r);
}

void diarist_recording_expect(diarist_recording *r, double seconds) {
    r->expected_s = seconds > 0.0 ? seconds : 0.0;
}

int dr_recording_progress(const struct diarist_recording *r, diarist_stage stage, double fraction,
                          diarist_error *err) {
    double seconds = (double)r->num_samples / DR_SAMPLE_RATE;
    if (r->plan.progress &&
        r->plan.progress(r->plan.progress_data, stage, fmin(fraction, 1.0), seconds))
        return dr_fail(err, DIARIST_ERROR_CANCELED, "canceled");
    return DIARIST_OK;
}

/* ---- segmentation of pending samples ---- */

static int reserve_chunks(struct diarist_recording *r, size_t more, diarist_error *err) {
    const size_t floats = (size_t)DR_CHUNK_FRAMES * DR_CLASSES;
    if (r->num_chunks + more <= r->chunk_capacity)
        return DIARIST_OK;
    size_t capacity = max_size(r->num_chunks + more, r->chunk_capacity + r->chunk_capacity / 2);
    float *grown = realloc(r->logprob, capacity * floats * sizeof *grown);
    if (!grown)
        return dr_fail_memory(err);
    r->logprob = grown;
    r->chunk_capacity = capacity;
    return DIARIST_OK;
}

struct chunk_work {
    struct diarist_recording *recording;
    size_t num_chunks, num_items;
};

/* Item i of n takes chunks [i * num / n, (i + 1) * num / n). */
static void segment_item(void *context, size_t item, int worker) {
    const struct chunk_work *work = context;
    struct diarist_recording *r = work->recording;
    size_t first = item * work->num_chunks / work->num_items;
    size_t batch = (item + 1) * work->num_chunks / work->num_items - first;
    size_t chunk = r->num_chunks + first;
    dr_pyannet_run(r->networks->pyannet, r->logprob + chunk * DR_CHUNK_FRAMES * DR_CLASSES,
                   r->pending + (chunk * r->plan.step - r->pending_first), r->plan.step, batch,
                   r->scratch[worker]);
}

/* The next num chunks, all samples of which are pending. */
static int segment_chunks(struct diarist_recording *r, size_t num, diarist_error *err) {
    double start = dr_clock_s();
    int status = reserve_chunks(r, num, err);
    if (status || !num)
        return status;
    size_t threads = (size_t)r->plan.num_threads;
    size_t items = (num + DR_PYANNET_BATCH - 1) / DR_PYANNET_BATCH;
    items = max_size(items, num < threads ? num : threads);
    struct chunk_work work = {r, num, items};
    dr_pool_run(r->pool, segment_item, &work, items);
    r->num_chunks += num;
    r->timing.segmentation += dr_clock_s() - start;
    return DIARIST_OK;
}

/* ---- features of pending samples ---- */

struct frame_work {
    struct diarist_recording *recording;
    float *energies;
    const float *samples;
    size_t num_frames, num_items;
};

static void features_item(void *context, size_t item, int worker) {
    const struct frame_work *work = context;
    size_t first = item * work->num_frames / work->num_items;
    size_t num = (item + 1) * work->num_frames / work->num_items - first;
    dr_fbank_run(work->recording->model->fbank, work->energies + first * DR_MELS,
                 work->samples + first * DR_FBANK_STEP, num, work->recording->scratch[worker]);
}

static int add_block(struct diarist_recording *r, diarist_error *err) {
    if (r->num_blocks == r->block_capacity) {
        size_t capacity = r->block_capacity ? 2 * r->block_capacity : 16;
        float **grown = realloc(r->block, capacity * sizeof *grown);
        if (!grown)
            return dr_fail_memory(err);
        r->block = grown;
        r->block_capacity = capacity;
    }
    float *block = malloc(sizeof(float) * DR_BLOCK_FRAMES * DR_MELS);
    if (!block)
        return dr_fail_memory(err);
    r->block[r->num_blocks++] = block;
    return DIARIST_OK;
}

/* All frames up to frame number `end`. */
static int compute_features(struct diarist_recording *r, size_t end, diarist_error *err) {
    double start = dr_clock_s();
    while (r->num_frames < end) {
        size_t in_block = r->num_frames % DR_BLOCK_FRAMES;
        if (r->num_frames == r->num_blocks * DR_BLOCK_FRAMES) {
            int status = add_block(r, err);
            if (status)
                return status;
        }
        size_t num = DR_BLOCK_FRAMES - in_block;
        if (num > end - r->num_frames)
            num = end - r->num_frames;
        struct frame_work work = {.recording = r,
                                  .energies = r->block[r->num_blocks - 1] + in_block * DR_MELS,
                                  .samples = r->pending +
                                             (r->num_frames * DR_FBANK_STEP - r->pending_first),
                                  .num_frames = num,
                                  .num_items = (size_t)r->plan.num_threads};
        dr_pool_run(r->pool, features_item, &work, work.num_items);
        r->num_frames += num;
    }
    r->timing.features += dr_clock_s() - start;
    return DIARIST_OK;
}

/* ---- feeding ---- */

/* One full round: its chunks, the frames that start before the next one, and their samples gone. */
static int run_round(struct diarist_recording *r, diarist_error *err) {
    size_t advance = r->round_chunks * r->plan.step;
    size_t next_first = r->pending_first + advance;
    int status = segment_chunks(r, r->round_chunks, err);
    if (!status)
        status = compute_features(r, (next_first + DR_FBANK_STEP - 1) / DR_FBANK_STEP, err);
    if (status)
        return status;
    memmove(r->pending, r->pending + advance, (r->pending_capacity - advance) * sizeof(float));
    r->pending_first = next_first;
    double fed_s = (double)r->num_samples / DR_SAMPLE_RATE;
    return dr_recording_progress(r, DIARIST_STAGE_SEGMENTATION,
                                 r->expected_s > 0.0 ? fed_s / r->expected_s : -1.0, err);
}

/* NaN, and what is too faint for any recording (denormals, which slow a processor down), is 0. */
static float clean_sample(float x) {
    if (!(fabsf(x) > INAUDIBLE))
        return 0.0f;
    return x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x;
}

int diarist_recording_feed(diarist_recording *r, const float *samples, size_t n,
                           diarist_error *err) {
    if (r->ended)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the recording has ended; open another one");
    while (n) {
        size_t pending = r->num_samples - r->pending_first;
        size_t take = r->pending_capacity - pending;
        if (take > n)
            take = n;
        float *to = r->pending + pending;
        for (size_t i = 0; i < take; i++)
            to[i] = clean_sample(samples[i]);
        samples += take;
        n -= take;
        r->num_samples += take;
        if (pending + take == r->pending_capacity) {
            int status = run_round(r, err);
            if (status)
                return status;
        }
    }
    return DIARIST_OK;
}

/* Chunks start every step until one reaches the end. */
static size_t total_chunks(size_t num_samples, size_t step) {
    if (num_samples <= DR_CHUNK_SAMPLES)
        return num_samples ? 1 : 0;
    return (num_samples - DR_CHUNK_SAMPLES + step - 1) / step + 1;
}

/* Silence in a short recording's chunk would silence the network. */
static void fill_up(struct diarist_recording *r) {
    size_t n = r->num_samples - r->pending_first;
    memset(r->pending + n, 0, DR_CHUNK_SAMPLES * sizeof(float));
    if (!r->plan.mirror_short || !n || r->num_samples >= DR_CHUNK_SAMPLES)
        return;
    for (size_t i = n; i < DR_CHUNK_SAMPLES; i++) {
        size_t phase = i % (2 * n);
        r->pending[i] = r->pending[phase < n ? phase : 2 * n - 1 - phase];
    }
}

int dr_recording_end(struct diarist_recording *r, diarist_error *err) {
    if (r->ended)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the recording has ended; open another one");
    r->ended = 1;
    /* Features first: they must not see what fills up the last chunk. */
    int status = compute_features(r, dr_fbank_num_frames(r->num_samples), err);
    if (status)
        return status;
    fill_up(r);
    status = segment_chunks(r, total_chunks(r->num_samples, r->plan.step) - r->num_chunks, err);
    if (status)
        return status;
    return dr_recording_progress(r, DIARIST_STAGE_SEGMENTATION, 1.0, err);
}
