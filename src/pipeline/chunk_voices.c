/* chunk_voices.c - the voices of each chunk: an embedding for each of its local speakers.
 * SPDX-License-Identifier: MIT */
#include "pipeline/chunk_voices.h"

#include <stdlib.h>
#include <string.h>

#include "base/growing.h"

enum {
    Q = DR_LOCAL_SPEAKERS,
    DIM = DR_RESNET34_DIM,
    FRAMES = DR_CHUNK_FRAMES,
    FEATURES = DR_CHUNK_FBANK,
    COLUMNS = DR_RESNET34_CHUNK_COLUMNS,
    /* Frames that hold as many samples as a frame of features is made of: fewer cannot be embedded
     * in pyannote.audio, where the network is asked for the least that it takes. */
    MIN_CLEAN_FRAMES = (FRAMES * DR_FBANK_LENGTH + DR_CHUNK_SAMPLES - 1) / DR_CHUNK_SAMPLES
};

size_t dr_chunk_voices_scratch(void) {
    const size_t trunk = dr_resnet34_trunk_scratch(FEATURES);
    const size_t voices = dr_resnet34_voices_scratch(Q), features = dr_fbank_scratch();
    size_t most = trunk > voices ? trunk : voices;
    most = most > features ? most : features;
    return DR_PADDED(FEATURES * DR_MELS) + DR_PADDED(COLUMNS * DR_RESNET34_COLUMN_DIM) + most;
}

void dr_chunk_voices_open(struct dr_chunk_voices *voices, struct dr_workers *workers,
                          const struct dr_segments *segments, int exclude_overlap) {
    *voices = (struct dr_chunk_voices){
        .workers = workers, .segments = segments, .exclude_overlap = exclude_overlap};
}

int dr_chunk_voices_open_pass(struct dr_chunk_voices *voices, struct dr_workers *workers,
                              const struct dr_segments *segments, struct dr_energies *energies,
                              int exclude_overlap, dr_tick_fn *tick, void *tick_context,
                              struct dr_arena *arena, diarist_error *err) {
    dr_chunk_voices_open(voices, workers, segments, exclude_overlap);
    voices->energies = energies;
    voices->tick = tick;
    voices->tick_context = tick_context;
    return dr_trunk_pass_open(&voices->pass, workers, energies, DR_EVERY_COLUMN, arena, err);
}

void dr_chunk_voices_close(struct dr_chunk_voices *voices) {
    free(voices->embedding);
}

/* Room for the voices of `end` chunks. */
static int grow(struct dr_chunk_voices *v, size_t end, diarist_error *err) {
    return dr_grow(&v->embedding, &v->room, end * Q * DIM, sizeof *v->embedding, err);
}

/* ---- pooling ---- */

static const uint8_t *active_in(const struct dr_chunk_voices *v, size_t chunk) {
    return v->segments->active + chunk * FRAMES;
}

/* The frames of local speaker q that are embedded. */
static void make_mask(unsigned char mask[FRAMES], const uint8_t *active, unsigned q,
                      int exclude_overlap) {
    size_t num_clean = 0;
    for (size_t f = 0; f < FRAMES; f++)
        num_clean += mask[f] = dr_clean(active[f]) >> q & 1;
    if (exclude_overlap && num_clean > MIN_CLEAN_FRAMES)
        return;
    for (size_t f = 0; f < FRAMES; f++)
        mask[f] = active[f] >> q & 1;
}

/* Zeros, and 1, for a chunk in which nobody talks. */
static int is_silent(struct dr_chunk_voices *v, size_t chunk) {
    const uint8_t *active = active_in(v, chunk);
    for (size_t f = 0; f < FRAMES; f++)
        if (active[f])
            return 0;
    memset(v->embedding + chunk * Q * DIM, 0, Q * DIM * sizeof *v->embedding);
    return 1;
}

/* Columns of a recording that lie under a chunk: the first of them `offset` columns behind its
 * beginning. */
struct under {
    size_t begin, num;
    float offset;
};

static struct under under_chunk(const struct dr_chunk_voices *v, size_t chunk, size_t num_columns) {
    const size_t start = chunk * v->segments->step;
    struct under u = {.begin = (start + DR_RESNET34_COLUMN_STEP - 1) / DR_RESNET34_COLUMN_STEP};
    u.offset = (float)(u.begin * DR_RESNET34_COLUMN_STEP - start) / DR_RESNET34_COLUMN_STEP;
    u.num = u.begin < num_columns ? num_columns - u.begin : 0;
    u.num = u.num < COLUMNS ? u.num : COLUMNS;
    return u;
}

/* The voices of a chunk from the columns u->begin on. */
static void pool_chunk(struct dr_chunk_voices *v, size_t chunk, const float *columns,
                       const struct under *u, float *scratch) {
    unsigned char mask[FRAMES], keep[Q * COLUMNS];
    for (unsigned q = 0; q < Q; q++) {
        make_mask(mask, active_in(v, chunk), q, v->exclude_overlap);
        dr_resnet34_mask(keep + q * u->num, u->num, u->offset, mask, FRAMES, COLUMNS);
    }
    dr_resnet34_voices(v->workers->networks->resnet34, v->embedding + chunk * Q * DIM, columns,
                       u->num, keep, Q, scratch);
}

/* ---- chunk by chunk ---- */

/* Takes the mean of each mel away. */
static void centre(float *features) {
    for (size_t m = 0; m < DR_MELS; m++) {
        double sum = 0.0;
        for (size_t t = 0; t < FEATURES; t++)
            sum += features[t * DR_MELS + m];
        const float mean = (float)(sum / FEATURES);
        for (size_t t = 0; t < FEATURES; t++)
            features[t * DR_MELS + m] -= mean;
    }
}

struct voice_work {
    struct dr_chunk_voices *voices;
    const float *samples; /* of the first chunk */
    size_t first;
};

static void voice_item(void *context, size_t item, int worker) {
    const struct voice_work *work = context;
    struct dr_chunk_voices *v = work->voices;
    const struct under all = {.num = COLUMNS};
    float *features = v->workers->scratch[worker];
    float *columns = features + DR_PADDED(FEATURES * DR_MELS);
    float *scratch = columns + DR_PADDED(COLUMNS * DR_RESNET34_COLUMN_DIM);
    if (is_silent(v, work->first + item))
        return;
    dr_fbank_run(v->workers->model->fbank, features, work->samples + item * v->segments->step,
                 FEATURES, scratch);
    centre(features);
    dr_resnet34_trunk(v->workers->networks->resnet34, columns, features, FEATURES, scratch);
    pool_chunk(v, work->first + item, columns, &all, scratch);
}

int dr_chunk_voices_add(struct dr_chunk_voices *voices, const float *samples, size_t num,
                        diarist_error *err) {
    int status = grow(voices, voices->num_chunks + num, err);
    if (status)
        return status;
    struct voice_work work = {voices, samples, voices->num_chunks};
    dr_pool_run(voices->workers->pool, voice_item, &work, num);
    voices->num_chunks += num;
    return DIARIST_OK;
}

/* ---- one pass over the recording ---- */

struct pool_work {
    struct dr_chunk_voices *voices;
    const struct dr_trunk_pass *pass; /* with the columns at hand */
    size_t last_column;               /* of the recording, if it ends here; otherwise SIZE_MAX */
};

static void pool_item(void *context, size_t item, int worker) {
    const struct pool_work *work = context;
    struct dr_chunk_voices *v = work->voices;
    const size_t chunk = v->num_chunks + item;
    const struct under u = under_chunk(v, chunk, work->pass->end);
    if (!is_silent(v, chunk))
        pool_chunk(v, chunk, u.num ? dr_trunk_column(work->pass, u.begin) : NULL, &u,
                   v->workers->scratch[worker]);
}

/* Chunks after the pooled ones all of whose columns are at hand. */
static size_t complete_chunks(const struct pool_work *work) {
    const struct dr_chunk_voices *v = work->voices;
    const size_t left = v->segments->num_chunks - v->num_chunks;
    size_t num = 0;
    if (work->pass->end == work->last_column)
        return left;
    while (num < left && under_chunk(v, v->num_chunks + num, work->pass->end).num == COLUMNS)
        num++;
    return num;
}

static int take_columns(void *context, const struct dr_trunk_pass *pass, size_t *keep_from,
                        diarist_error *err) {
    struct pool_work *work = context;
    struct dr_chunk_voices *v = work->voices;
    work->pass = pass;
    const size_t num = complete_chunks(work);
    int status = grow(v, v->num_chunks + num, err);
    if (status)
        return status;
    dr_pool_run(v->workers->pool, pool_item, work, num);
    v->num_chunks += num;
    const size_t next = under_chunk(v, v->num_chunks, pass->end).begin;
    *keep_from = next < pass->end ? next : pass->end;
    return v->tick(v->tick_context, err);
}

/* wanted[num]: the columns from `first` on that lie under a frame in which somebody talks. */
static void mark_wanted(uint8_t *wanted, const struct dr_chunk_voices *v, size_t first,
                        size_t num) {
    unsigned char talk[COLUMNS];
    memset(wanted, 0, num);
    for (size_t chunk = v->num_chunks; chunk < v->segments->num_chunks; chunk++) {
        const struct under u = under_chunk(v, chunk, first + num);
        dr_resnet34_mask(talk, u.num, u.offset, active_in(v, chunk), FRAMES, COLUMNS);
        for (size_t i = u.begin < first ? first - u.begin : 0; i < u.num; i++)
            wanted[u.begin + i - first] |= talk[i];
    }
}

int dr_chunk_voices_run(struct dr_chunk_voices *voices, size_t end, int last, diarist_error *err) {
    struct dr_chunk_voices *v = voices;
    const struct dr_trunk *trunk = v->pass.trunk;
    const size_t reach = dr_trunk_reach(trunk);
    if (!last && end < v->pass.num_frames + trunk->part + reach)
        return DIARIST_OK;
    if (!last)
        end = (end - reach) / trunk->part * trunk->part;
    const size_t num_columns = dr_num_columns(trunk, end), num = num_columns - v->pass.end;
    uint8_t *wanted = malloc(num + 1);
    if (!wanted)
        return dr_fail_memory(err);
    mark_wanted(wanted, v, v->pass.end, num);
    struct pool_work work = {.voices = v, .last_column = last ? num_columns : SIZE_MAX};
    int status = dr_trunk_pass_run(&v->pass, end, NULL, wanted, take_columns, &work, err);
    free(wanted);
    if (!status && !last)
        dr_energies_forget(v->energies, end > reach ? end - reach : 0);
    return status;
}
