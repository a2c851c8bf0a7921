/* embeddings.c - what is pooled from the trunk's columns for diarization.
 * SPDX-License-Identifier: MIT */
#include "pipeline/embeddings.h"

#include <string.h>

#include "base/error.h"
#include "embedding/pooling.h"
#include "pipeline/trunk_pass.h"

enum {
    FINE_HOP = 15,    /* columns: 0.3 s */
    COARSE_HOP = 30,  /* 0.6 s */
    HALF_WINDOW = 37, /* 1.5 s / 2, rounded down */
    HALF_CENTRE = 8,  /* the 16 columns around the centre, */
    MIN_CENTRE = 4,   /* of which so many must be usable */
    MIN_WINDOW = 25,  /* usable columns in a window: 0.5 s */
    MIN_CLEAN = 12,   /* frames; with fewer a local speaker is pooled over all active ones */
    MIN_LOCAL = 8     /* columns that a local speaker needs */
};

struct job {
    struct diarist_recording *recording;
    const struct dr_segmentation *segmentation;
    const uint8_t *usable; /* [num_columns] */
    size_t num_columns;
    struct dr_embeddings *out;
    size_t *centre;                   /* [fine.num] column of each fine window */
    size_t windows_done, chunks_done; /* pooled so far */
    const struct dr_columns *columns; /* those at hand */
};

/* ---- which windows there are ---- */

static size_t count_usable(const uint8_t *usable, size_t num_columns, size_t centre, size_t half) {
    size_t begin = centre > half ? centre - half : 0;
    size_t end = centre + half < num_columns ? centre + half : num_columns;
    size_t n = 0;
    for (size_t c = begin; c < end; c++)
        n += usable[c];
    return n;
}

static int is_window(const struct job *job, size_t centre) {
    return count_usable(job->usable, job->num_columns, centre, HALF_WINDOW) >= MIN_WINDOW &&
           count_usable(job->usable, job->num_columns, centre, HALF_CENTRE) >= MIN_CENTRE;
}

static int allocate(struct job *job, struct dr_arena *arena, diarist_error *err) {
    struct dr_embeddings *out = job->out;
    size_t chunks = job->segmentation->num_chunks;
    memset(out, 0, sizeof *out);
    for (size_t c = 0; c < job->num_columns; c += FINE_HOP)
        out->fine.num += (size_t)is_window(job, c);
    job->centre = dr_arena_alloc(arena, out->fine.num, sizeof *job->centre);
    out->fine.centre_s = dr_arena_alloc(arena, out->fine.num, sizeof(double));
    out->fine.embedding = dr_arena_alloc(arena, out->fine.num, DR_EMBEDDING_DIM * sizeof(float));
    out->coarse.centre_s = dr_arena_alloc(arena, out->fine.num, sizeof(double));
    out->coarse.embedding = dr_arena_alloc(arena, out->fine.num, DR_EMBEDDING_DIM * sizeof(float));
    out->local.embedding =
        dr_arena_zalloc(arena, chunks * DR_LOCAL_SPEAKERS, DR_EMBEDDING_DIM * sizeof(float));
    out->local.has = dr_arena_zalloc(arena, chunks, DR_LOCAL_SPEAKERS);
    if (!job->centre || !out->fine.centre_s || !out->fine.embedding || !out->coarse.centre_s ||
        !out->coarse.embedding || !out->local.embedding || !out->local.has)
        return dr_fail_memory(err);
    size_t i = 0;
    for (size_t c = 0; c < job->num_columns; c += FINE_HOP)
        if (is_window(job, c)) {
            job->centre[i] = c;
            out->fine.centre_s[i++] =
                (double)(c * DR_COLUMN_STEP + DR_COLUMN_CENTRE) / DR_SAMPLE_RATE;
        }
    return DIARIST_OK;
}

/* ---- pooling ---- */

/* Sums of one worker, in its scratch: 2 x 512 doubles, then 1024 floats of statistics. */
static struct dr_pooled new_sums(float *scratch, float **statistics) {
    struct dr_pooled pooled = {(double *)(void *)scratch, NULL, 0};
    pooled.squares = pooled.sum + DR_COLUMN_DIM;
    *statistics = (float *)(void *)(pooled.squares + DR_COLUMN_DIM);
    memset(pooled.sum, 0, 2 * DR_COLUMN_DIM * sizeof(double));
    return pooled;
}

static const float *column(const struct job *job, size_t c) {
    return job->columns->columns + (c - job->columns->first) * DR_COLUMN_DIM;
}

static void window_item(void *context, size_t item, int worker) {
    const struct job *job = context;
    const struct diarist_model *model = job->recording->model;
    float *statistics;
    struct dr_pooled pooled = new_sums(job->recording->scratch[worker], &statistics);
    size_t i = job->windows_done + item, centre = job->centre[i];
    size_t begin = centre > HALF_WINDOW ? centre - HALF_WINDOW : 0;
    size_t end = centre + HALF_WINDOW < job->num_columns ? centre + HALF_WINDOW : job->num_columns;
    float *embedding = job->out->fine.embedding + i * DR_EMBEDDING_DIM;
    dr_pooled_add(&pooled, &model->kernels, column(job, begin), job->usable + begin, end - begin);
    dr_pooled_statistics(statistics, &pooled);
    dr_campplus_head(job->recording->networks->campplus, embedding, statistics, 1);
    dr_normalise(embedding);
}

/* keep[num]: columns of chunk `chunk` in which local speaker q talks, alone if it does so enough.
 */
static void local_columns(uint8_t *keep, const struct job *job, size_t chunk, int q, size_t num) {
    const uint8_t *clean = job->segmentation->clean + chunk * DR_CHUNK_FRAMES;
    const uint8_t *active = job->segmentation->active + chunk * DR_CHUNK_FRAMES;
    size_t num_clean = 0;
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++)
        num_clean += clean[f] >> q & 1;
    int use_clean = job->recording->plan.exclude_overlap && num_clean >= MIN_CLEAN;
    for (size_t c = 0; c < num; c++) {
        size_t f = dr_column_frame(c);
        f = f < DR_CHUNK_FRAMES ? f : DR_CHUNK_FRAMES - 1;
        keep[c] = (use_clean ? clean : active)[f] >> q & 1;
    }
}

static void local_item(void *context, size_t item, int worker) {
    const struct job *job = context;
    const struct diarist_model *model = job->recording->model;
    size_t chunk = job->chunks_done + item;
    size_t begin = chunk * job->segmentation->step / DR_COLUMN_STEP;
    size_t num = begin < job->num_columns ? job->num_columns - begin : 0;
    num = num < DR_CHUNK_COLUMNS ? num : DR_CHUNK_COLUMNS;
    uint8_t keep[DR_CHUNK_COLUMNS];
    for (int q = 0; q < DR_LOCAL_SPEAKERS && num >= MIN_LOCAL; q++) {
        float *statistics;
        struct dr_pooled pooled = new_sums(job->recording->scratch[worker], &statistics);
        local_columns(keep, job, chunk, q, num);
        dr_pooled_add(&pooled, &model->kernels, column(job, begin), keep, num);
        if (pooled.n < MIN_LOCAL)
            continue;
        size_t i = chunk * DR_LOCAL_SPEAKERS + (size_t)q;
        dr_pooled_statistics(statistics, &pooled);
        dr_campplus_head(job->recording->networks->campplus, job->out->local.embedding + i * DR_EMBEDDING_DIM,
                         statistics, 1);
        job->out->local.has[i] = 1;
    }
}

/* Pools every window and chunk that is complete. */
static void take_columns(void *context, const struct dr_columns *columns, size_t *keep_from) {
    struct job *job = context;
    size_t step = job->segmentation->step, end = columns->end;
    int last = end == job->num_columns;
    job->columns = columns;

    size_t windows = 0, chunks = 0;
    while (job->windows_done + windows < job->out->fine.num &&
           (last || job->centre[job->windows_done + windows] + HALF_WINDOW <= end))
        windows++;
    while (job->chunks_done + chunks < job->segmentation->num_chunks &&
           (last || (job->chunks_done + chunks) * step / DR_COLUMN_STEP + DR_CHUNK_COLUMNS <= end))
        chunks++;
    dr_pool_run(job->recording->pool, window_item, job, windows);
    dr_pool_run(job->recording->pool, local_item, job, chunks);
    job->windows_done += windows;
    job->chunks_done += chunks;

    size_t keep = end;
    if (job->windows_done < job->out->fine.num) {
        size_t centre = job->centre[job->windows_done];
        size_t begin = centre > HALF_WINDOW ? centre - HALF_WINDOW : 0;
        keep = begin < keep ? begin : keep;
    }
    if (job->chunks_done < job->segmentation->num_chunks) {
        size_t begin = job->chunks_done * step / DR_COLUMN_STEP;
        keep = begin < keep ? begin : keep;
    }
    *keep_from = keep > columns->first ? keep : columns->first;
}

/* wanted = usable, and wherever somebody talks in a chunk. */
static void mark_wanted(uint8_t *wanted, const struct job *job) {
    memcpy(wanted, job->usable, job->num_columns);
    for (size_t i = 0; i < job->segmentation->num_chunks; i++) {
        const uint8_t *active = job->segmentation->active + i * DR_CHUNK_FRAMES;
        size_t begin = i * job->segmentation->step / DR_COLUMN_STEP;
        for (size_t c = 0; c < DR_CHUNK_COLUMNS && begin + c < job->num_columns; c++) {
            size_t f = dr_column_frame(c);
            wanted[begin + c] |= active[f < DR_CHUNK_FRAMES ? f : DR_CHUNK_FRAMES - 1] != 0;
        }
    }
}

static void pick_coarse(struct job *job) {
    struct dr_windows *fine = &job->out->fine, *coarse = &job->out->coarse;
    for (size_t i = 0; i < fine->num; i++) {
        if (job->centre[i] % COARSE_HOP)
            continue;
        coarse->centre_s[coarse->num] = fine->centre_s[i];
        memcpy(coarse->embedding + coarse->num * DR_EMBEDDING_DIM,
               fine->embedding + i * DR_EMBEDDING_DIM, DR_EMBEDDING_DIM * sizeof(float));
        coarse->num++;
    }
}

int dr_embeddings_make(struct dr_embeddings *out, struct diarist_recording *recording,
                       const struct dr_segmentation *segmentation, const uint8_t *usable,
                       struct dr_arena *arena, diarist_error *err) {
    struct job job = {.recording = recording,
                      .segmentation = segmentation,
                      .usable = usable,
                      .num_columns = dr_num_columns(recording),
                      .out = out};
    struct dr_arena scratch = {NULL};
    float mean[DR_MELS];
    int status = allocate(&job, arena, err);
    if (!status)
        status = dr_speech_mean(mean, recording, segmentation->active, err);
    if (status)
        return status;
    uint8_t *wanted = dr_arena_alloc(&scratch, job.num_columns + 1, sizeof *wanted);
    if (wanted) {
        mark_wanted(wanted, &job);
        status = dr_trunk_pass(recording, mean, wanted, take_columns, &job, err);
    } else {
        status = dr_fail_memory(err);
    }
    dr_arena_free(&scratch);
    pick_coarse(&job);
    return status;
}
