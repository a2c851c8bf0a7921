/* recording.c - one recording while it is fed: each stage as soon as what it needs is there.
 * SPDX-License-Identifier: MIT */
#include "pipeline/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "pipeline/samples.h"

/* A frame looks ahead of its start by less than this. */
enum { LOOKAHEAD = DR_FBANK_LENGTH };

/* ---- opening ---- */

static int make_pending(struct diarist_recording *r, diarist_error *err) {
    r->round_chunks = (size_t)r->plan.num_threads * DR_PYANNET_BATCH;
    r->pending_capacity = (r->round_chunks - 1) * r->plan.step + DR_CHUNK_SAMPLES + LOOKAHEAD;
    /* The last chunk may reach a whole chunk beyond the end. */
    r->pending = dr_arena_alloc(&r->arena, r->pending_capacity + DR_CHUNK_SAMPLES, sizeof(float));
    return r->pending ? DIARIST_OK : dr_fail_memory(err);
}

/* What voices are made of. */
enum way {
    NO_VOICES,
    WINDOWS, /* of the recording's columns */
    CHUNKS,  /* each on its own */
    PASS     /* each from the recording's columns */
};

static enum way way_of(const struct diarist_recording *r) {
    if (r->plan.task != DIARIST_TASK_DIARIZE)
        return NO_VOICES;
    if (r->plan.architecture == DR_DEFAULT_1)
        return WINDOWS;
    return r->plan.trunk == DIARIST_TRUNK_RECORDING ? PASS : CHUNKS;
}

static size_t embedding_scratch(const struct diarist_recording *r) {
    if (r->plan.task == DIARIST_TASK_VAD)
        return 0;
    return way_of(r) == CHUNKS ? dr_chunk_voices_scratch()
                               : dr_trunk_pass_scratch(r->plan.architecture);
}

/* Progress while embeddings are made: while feeding, of feeding. */
static int tick(void *context, diarist_error *err) {
    struct diarist_recording *r = context;
    double fed_s = (double)r->num_samples / DR_SAMPLE_RATE;
    if (!r->ended)
        return dr_recording_progress(r, DIARIST_STAGE_SEGMENTATION,
                                     r->expected_s > 0.0 ? fed_s / r->expected_s : -1.0, err);
    const struct dr_trunk_pass *pass = way_of(r) == PASS ? &r->voices.pass : &r->embedder.pass;
    double num = (double)pass->num_frames, of = (double)r->energies.num_frames;
    return dr_recording_progress(r, DIARIST_STAGE_EMBEDDING, of > 0 ? num / of : 1.0, err);
}

static int open_voices(struct diarist_recording *r, diarist_error *err) {
    switch (way_of(r)) {
    case WINDOWS:
        return dr_embedder_open(&r->embedder, &r->workers, &r->segments, &r->energies,
                                r->plan.exclude_overlap, r->plan.column_rate, tick, r, &r->arena,
                                err);
    case CHUNKS:
        dr_chunk_voices_open(&r->voices, &r->workers, &r->segments, r->plan.exclude_overlap);
        return DIARIST_OK;
    case PASS:
        return dr_chunk_voices_open_pass(&r->voices, &r->workers, &r->segments, &r->energies,
                                         r->plan.exclude_overlap, tick, r, &r->arena, err);
    default:
        return DIARIST_OK;
    }
}

static int open_stages(struct diarist_recording *r, const struct diarist_model *model,
                       diarist_error *err) {
    const struct dr_networks *networks;
    const int embedding_beside = r->plan.num_threads > 1 && r->plan.task != DIARIST_TASK_VAD;
    int status = dr_model_segmentation(&networks, model, dr_model_precision(model, r->plan.preset),
                                       embedding_beside, err);
    if (!status)
        status = dr_workers_open(&r->workers, model, networks, r->plan.num_threads,
                                 embedding_scratch(r), &r->arena, err);
    if (!status)
        status = make_pending(r, err);
    if (!status)
        status =
            dr_segments_open(&r->segments, &r->workers, r->plan.step, &r->plan.reconstruct,
                             r->round_chunks, r->plan.task == DIARIST_TASK_VAD, &r->arena, err);
    return status ? status : open_voices(r, err);
}

int diarist_recording_open(diarist_recording **out, const diarist_model *model,
                           const diarist_options *options, diarist_error *err) {
    *out = NULL;
    struct diarist_recording *r = calloc(1, sizeof *r);
    if (!r)
        return dr_fail_memory(err);
    r->start_s = dr_clock_s();
    int status = dr_plan_make(&r->plan, options, model, err);
    if (!status)
        status = open_stages(r, model, err);
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
    dr_workers_close(&r->workers);
    dr_chunk_voices_close(&r->voices);
    dr_embedder_close(&r->embedder);
    dr_energies_close(&r->energies);
    dr_segments_close(&r->segments);
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

void dr_recording_lap(double *stage, double *since) {
    double now = dr_clock_s();
    *stage += now - *since;
    *since = now;
}

/* ---- feeding ---- */

static const float *pending_at(const struct diarist_recording *r, size_t sample) {
    return r->pending + (sample - r->pending_first);
}

/* Waits until there is an embedding network, before it is used. */
static int need_embedding(const struct diarist_recording *r, diarist_error *err) {
    const struct diarist_model *model = r->workers.model;
    return dr_model_embedding(model, dr_model_precision(model, r->plan.preset), err);
}

/* The next num chunks, all samples of which are pending. */
static int add_chunks(struct diarist_recording *r, size_t num, diarist_error *err) {
    double clock = dr_clock_s();
    const float *samples = pending_at(r, r->segments.num_chunks * r->plan.step);
    int status = num ? dr_segments_add(&r->segments, samples, num, err) : DIARIST_OK;
    dr_recording_lap(&r->timing.segmentation, &clock);
    if (!status && num && way_of(r) == CHUNKS)
        status = need_embedding(r, err);
    if (!status && num && way_of(r) == CHUNKS)
        status = dr_chunk_voices_add(&r->voices, samples, num, err);
    dr_recording_lap(&r->timing.embedding, &clock);
    return status;
}

/* Frames up to frame number `end`. */
static int add_frames(struct diarist_recording *r, size_t end, diarist_error *err) {
    double clock = dr_clock_s();
    size_t first = r->energies.num_frames * DR_FBANK_STEP;
    const int wanted =
        r->plan.task == DIARIST_TASK_EMBED || way_of(r) == WINDOWS || way_of(r) == PASS;
    if (!wanted || r->energies.num_frames >= end)
        return DIARIST_OK;
    int status = dr_energies_add(&r->energies, &r->workers, pending_at(r, first), end, err);
    dr_recording_lap(&r->timing.features, &clock);
    return status;
}

/* Embeds the sections that end before frame number `end`, or at it. */
static int run_sections(struct diarist_recording *r, size_t end, diarist_error *err) {
    int status = DIARIST_OK;
    size_t section = r->plan.section_frames;
    while (!status && r->embedder.pass.num_frames + section <= end)
        status = dr_embedder_run(&r->embedder, r->embedder.pass.num_frames + section, 0, err);
    return status;
}

/* All whole sections but one that ends with the recording, then what is left. */
static int run_last_sections(struct diarist_recording *r, diarist_error *err) {
    size_t end = r->energies.num_frames;
    int status = run_sections(r, end ? end - 1 : 0, err);
    return status ? status : dr_embedder_run(&r->embedder, end, 1, err);
}

/* What can be embedded of the frames up to number `end`, which no later chunk reaches into; if
 * last, all of it. */
static int run_voices(struct diarist_recording *r, size_t end, int last, diarist_error *err) {
    double clock = dr_clock_s();
    int status = r->plan.task == DIARIST_TASK_VAD ? DIARIST_OK : need_embedding(r, err);
    if (status)
        return status;
    if (way_of(r) == WINDOWS)
        status = last ? run_last_sections(r, err) : run_sections(r, end, err);
    else if (way_of(r) == PASS)
        status = dr_chunk_voices_run(&r->voices, end, last, err);
    dr_recording_lap(&r->timing.embedding, &clock);
    return status;
}

/* One full round: its chunks, the frames that start before the next one, and their samples gone. */
static int run_round(struct diarist_recording *r, diarist_error *err) {
    size_t advance = r->round_chunks * r->plan.step;
    size_t next_first = r->pending_first + advance;
    int status = add_chunks(r, r->round_chunks, err);
    if (!status)
        status = dr_segments_settle(&r->segments, err);
    if (!status)
        status = add_frames(r, (next_first + DR_FBANK_STEP - 1) / DR_FBANK_STEP, err);
    if (status)
        return status;
    memmove(r->pending, r->pending + advance, (r->pending_capacity - advance) * sizeof(float));
    r->pending_first = next_first;
    /* No later chunk reaches into a frame that begins before it does. */
    status = run_voices(r, next_first / DR_FBANK_STEP, 0, err);
    return status ? status : tick(r, err);
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
        dr_samples_copy(r->pending + pending, samples, take);
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

/* ---- the end ---- */

size_t dr_recording_num_chunks(size_t num_samples, size_t step) {
    if (num_samples <= DR_CHUNK_SAMPLES)
        return num_samples ? 1 : 0;
    return (num_samples - DR_CHUNK_SAMPLES + step - 1) / step + 1;
}

static void fill_up(struct diarist_recording *r) {
    size_t n = r->num_samples - r->pending_first;
    memset(r->pending + n, 0, DR_CHUNK_SAMPLES * sizeof(float));
    if (r->plan.mirror_short && n && r->num_samples < DR_CHUNK_SAMPLES)
        dr_samples_mirror(r->pending, n, DR_CHUNK_SAMPLES);
}

int dr_recording_end(struct diarist_recording *r, diarist_task task, diarist_error *err) {
    static const char *const names[] = {"DIARIZE", "VAD", "EMBED"};
    if (r->ended)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "the recording has ended; open another one");
    if (task != r->plan.task)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "the recording was opened with task DIARIST_TASK_%s; set DIARIST_TASK_%s",
                       names[r->plan.task], names[task]);
    r->ended = 1;
    /* Features first: they must not see what fills up the last chunk. */
    int status = add_frames(r, dr_fbank_num_frames(r->num_samples), err);
    if (status)
        return status;
    fill_up(r);
    size_t left = dr_recording_num_chunks(r->num_samples, r->plan.step) - r->segments.num_chunks;
    status = add_chunks(r, left, err);
    if (!status)
        status = dr_segments_finish(&r->segments, r->num_samples, err);
    if (!status)
        status = dr_recording_progress(r, DIARIST_STAGE_SEGMENTATION, 1.0, err);
    if (!status)
        status = run_voices(r, r->energies.num_frames, 1, err);
    return status;
}
