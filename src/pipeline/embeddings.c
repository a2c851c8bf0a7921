/* embeddings.c - what is pooled from the trunk's columns for diarization, section by section.
 * SPDX-License-Identifier: MIT */
#include "pipeline/embeddings.h"

#include <stdlib.h>
#include <string.h>

#include "base/growing.h"
#include "pipeline/grids.h"
#include "pipeline/voices.h"

/* One section. */
struct job {
    struct dr_embedder *embedder;
    struct dr_segmentation segmentation;
    size_t first, num_columns; /* usable: columns [first, num_columns) of the recording */
    const uint8_t *usable;
    int last;                         /* whether the recording ends with this section */
    size_t *centre;                   /* columns of the windows to be pooled now */
    const struct dr_trunk_pass *pass; /* with the columns at hand */
    size_t section_first;             /* its first frame */
};

int dr_embedder_open(struct dr_embedder *embedder, struct dr_workers *workers,
                     const struct dr_segments *segments, struct dr_energies *energies,
                     int exclude_overlap, enum dr_column_rate rate, dr_tick_fn *tick,
                     void *tick_context, struct dr_arena *arena, diarist_error *err) {
    embedder->tick = tick;
    embedder->tick_context = tick_context;
    embedder->workers = workers;
    embedder->segments = segments;
    embedder->energies = energies;
    embedder->exclude_overlap = exclude_overlap;
    return dr_trunk_pass_open(&embedder->pass, workers, energies, rate, arena, err);
}

void dr_embedder_close(struct dr_embedder *embedder) {
    free(embedder->out.fine.centre_s);
    free(embedder->out.fine.embedding);
    free(embedder->out.coarse.centre_s);
    free(embedder->coarse_row);
    free(embedder->out.local.embedding);
    free(embedder->out.local.has);
}

void dr_mark_usable(uint8_t *usable, const struct dr_grid *grid, const struct dr_segments *segments,
                    int exclude_overlap, size_t first, size_t num) {
    for (size_t i = 0; i < num; i++) {
        size_t f = dr_nearest_frame(grid, first + i), settled = segments->counter.first;
        uint8_t count = segments->count[f < settled ? f : settled - 1];
        usable[i] = exclude_overlap ? count == 1 : count >= 1;
    }
}

/* ---- which windows there are ---- */

/* The windows all of whose columns are at hand into job->centre. Returns how many. */
static size_t choose_windows(struct job *job) {
    struct dr_embedder *e = job->embedder;
    size_t num = 0, end = job->pass->end;
    int complete = job->last && end == job->num_columns;
    for (; complete ? e->next_centre < end : e->next_centre + DR_HALF_WINDOW <= end;
         e->next_centre += DR_FINE_HOP)
        if (dr_is_window(job->usable, job->first, job->num_columns, e->next_centre))
            job->centre[num++] = e->next_centre;
    return num;
}

/* Room for num more windows, and where they are. */
static int add_windows(struct job *job, size_t num, diarist_error *err) {
    struct dr_embedder *e = job->embedder;
    struct dr_windows *fine = &e->out.fine, *coarse = &e->out.coarse;
    size_t needed = fine->num + num;
    int status = dr_grow(&fine->embedding, &e->fine_room, needed, sizeof *fine->embedding, err);
    if (!status)
        status = dr_grow(&fine->centre_s, &e->fine_centre_room, needed, sizeof(double), err);
    needed = coarse->num + num;
    if (!status)
        status = dr_grow(&coarse->centre_s, &e->coarse_centre_room, needed, sizeof(double), err);
    if (!status)
        status = dr_grow(&e->coarse_row, &e->coarse_row_room, needed, sizeof(uint32_t), err);
    for (size_t i = 0; i < num && !status; i++) {
        size_t at = fine->num + i;
        fine->centre_s[at] =
            (double)(job->centre[i] * DR_COLUMN_STEP + DR_COLUMN_CENTRE) / DR_SAMPLE_RATE;
        if (job->centre[i] % DR_COARSE_HOP)
            continue;
        coarse->centre_s[coarse->num] = fine->centre_s[at];
        e->coarse_row[coarse->num++] = (uint32_t)at;
    }
    coarse->embedding = fine->embedding;
    coarse->row = e->coarse_row;
    return status;
}

/* Room for num more chunks. */
static int add_chunks(struct dr_embedder *e, size_t num, diarist_error *err) {
    struct dr_local_embeddings *local = &e->out.local;
    size_t needed = (e->next_chunk + num) * DR_LOCAL_SPEAKERS;
    int status = dr_grow(&local->embedding, &e->local_room, needed, sizeof *local->embedding, err);
    if (!status)
        status = dr_grow(&local->has, &e->has_room, needed, 1, err);
    return status;
}

/* ---- pooling ---- */

static struct dr_embed_worker worker_of(const struct dr_embedder *e, int worker) {
    return (struct dr_embed_worker){&e->workers->model->kernels, e->workers->networks->campplus,
                                    e->workers->scratch[worker]};
}

static void window_item(void *context, size_t item, int worker) {
    const struct job *job = context;
    struct dr_embedder *e = job->embedder;
    const struct dr_embed_worker with = worker_of(e, worker);
    size_t centre = job->centre[item], begin = dr_window_begin(centre);
    size_t end =
        centre + DR_HALF_WINDOW < job->num_columns ? centre + DR_HALF_WINDOW : job->num_columns;
    dr_embed_window(&e->out.fine.embedding[e->out.fine.num + item], &with,
                    dr_trunk_column(job->pass, begin), job->usable + (begin - job->first),
                    end - begin);
}

static void local_item(void *context, size_t item, int worker) {
    const struct job *job = context;
    struct dr_embedder *e = job->embedder;
    const struct dr_embed_worker with = worker_of(e, worker);
    size_t chunk = e->next_chunk + item, i = chunk * DR_LOCAL_SPEAKERS;
    size_t begin = chunk * job->segmentation.step / DR_COLUMN_STEP;
    size_t num = begin < job->num_columns ? job->num_columns - begin : 0;
    num = num < DR_CHUNK_COLUMNS ? num : DR_CHUNK_COLUMNS;
    dr_embed_local_speakers(&e->out.local.embedding[i], &e->out.local.has[i], &with,
                            num ? dr_trunk_column(job->pass, begin) : NULL, num,
                            job->segmentation.active + chunk * DR_CHUNK_FRAMES, e->exclude_overlap);
}

/* Chunks after the pooled ones all of whose columns are at hand. */
static size_t complete_chunks(const struct job *job) {
    size_t next = job->embedder->next_chunk, step = job->segmentation.step;
    size_t left = job->segmentation.num_chunks - next, num = 0;
    if (job->last && job->pass->end == job->num_columns)
        return left;
    while (num < left && (next + num) * step / DR_COLUMN_STEP + DR_CHUNK_COLUMNS <= job->pass->end)
        num++;
    return num;
}

/* Pools every window and chunk that is complete. */
static int take_columns(void *context, const struct dr_trunk_pass *pass, size_t *keep_from,
                        diarist_error *err) {
    struct job *job = context;
    struct dr_embedder *e = job->embedder;
    job->pass = pass;
    size_t windows = choose_windows(job), chunks = complete_chunks(job);
    int status = add_windows(job, windows, err);
    if (!status)
        status = add_chunks(e, chunks, err);
    if (status)
        return status;
    dr_pool_run(e->workers->pool, window_item, job, windows);
    dr_pool_run(e->workers->pool, local_item, job, chunks);
    e->out.fine.num += windows;
    e->next_chunk += chunks;

    size_t window = dr_window_begin(e->next_centre);
    size_t chunk = e->next_chunk * job->segmentation.step / DR_COLUMN_STEP;
    size_t keep = window < chunk ? window : chunk;
    keep = keep > pass->first ? keep : pass->first;
    *keep_from = keep < pass->end ? keep : pass->end;
    return e->tick(e->tick_context, err);
}

static int run_section(struct job *job, size_t end, struct dr_arena *scratch, diarist_error *err) {
    struct dr_embedder *e = job->embedder;
    float mean[DR_MELS];
    size_t num = job->num_columns - job->first;
    uint8_t *usable = dr_arena_alloc(scratch, num + 1, 1);
    uint8_t *wanted = dr_arena_alloc(scratch, job->num_columns - e->pass.end + 1, 1);
    job->centre = dr_arena_alloc(scratch, num / DR_FINE_HOP + 2, sizeof *job->centre);
    if (!usable || !wanted || !job->centre)
        return dr_fail_memory(err);
    job->usable = usable;
    dr_mark_usable(usable, &dr_column_grid, e->segments, e->exclude_overlap, job->first, num);
    /* Wanted are the usable columns, and those where somebody talks in a chunk. */
    memcpy(wanted, usable + (e->pass.end - job->first), job->num_columns - e->pass.end);
    dr_mark_active(wanted, &dr_column_grid, &job->segmentation, e->pass.end, job->num_columns);
    int status =
        dr_speech_mean_add(&e->mean, e->energies, &job->segmentation, job->section_first, end, err);
    if (status)
        return status;
    dr_speech_mean_get(mean, &e->mean);
    return dr_trunk_pass_run(&e->pass, end, mean, wanted, take_columns, job, err);
}

int dr_embedder_run(struct dr_embedder *embedder, size_t end, int last, diarist_error *err) {
    struct dr_embedder *e = embedder;
    struct job job = {.embedder = e,
                      .segmentation = dr_segments_view(e->segments, 0),
                      .first = e->pass.first,
                      .num_columns = dr_num_columns(e->pass.trunk, end),
                      .last = last,
                      .section_first = e->pass.num_frames};
    struct dr_arena scratch = {NULL};
    int status = run_section(&job, end, &scratch, err);
    dr_arena_free(&scratch);
    if (!status && !last)
        dr_energies_forget(e->energies, end - dr_trunk_reach(e->pass.trunk));
    return status;
}
