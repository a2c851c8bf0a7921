/* offline.c - a fed recording: who spoke when, where there is speech, what voices sound like.
 * SPDX-License-Identifier: MIT
 *
 * dr_stages_run is the pipeline: its stages in order, a paragraph each. */
#include "pipeline/offline.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "clustering/assign.h"
#include "embedding/pooling.h"
#include "pipeline/community.h"
#include "pipeline/evidence.h"
#include "pipeline/voices.h"

/* What an embedding needs. */
enum { MIN_REGION_SAMPLES = 16 * DR_SAMPLE_RATE / 100 };

/* The result's embeddings: the centroids, in the order in which the speakers appear. */
static int keep_embeddings(struct diarist_result *result, const struct dr_centroids *centroids,
                           diarist_error *err) {
    size_t num = result->turns.num_speakers;
    if (!num || !centroids->num_speakers)
        return DIARIST_OK;
    result->embedding =
        dr_arena_alloc(&result->arena, num, DR_EMBEDDING_DIM * sizeof *result->embedding);
    result->embedding_dim = DR_EMBEDDING_DIM;
    if (!result->embedding)
        return dr_fail_memory(err);
    for (size_t i = 0; i < num; i++)
        memcpy(result->embedding + i * DR_EMBEDDING_DIM,
               centroids->centroid + (size_t)result->turns.order[i] * DR_EMBEDDING_DIM,
               DR_EMBEDDING_DIM * sizeof *result->embedding);
    return DIARIST_OK;
}

static double count_speech(const struct dr_segments *segments) {
    size_t num = 0;
    for (size_t f = 0; f < segments->counter.first; f++)
        num += segments->count[f] > 0;
    return (double)num * DR_FRAME_S;
}

static void finish_result(struct diarist_result *result, struct diarist_recording *r) {
    r->timing.total = dr_clock_s() - r->start_s;
    result->timing = r->timing;
    result->duration_s = (double)r->num_samples / DR_SAMPLE_RATE;
    result->speech_s = count_speech(&r->segments);
    result->step_s = (double)r->plan.step / DR_SAMPLE_RATE;
    result->num_threads = r->plan.num_threads;
    if (r->plan.architecture == DR_COMMUNITY_1 && r->plan.task == DIARIST_TASK_DIARIZE)
        result->trunk = r->plan.trunk == DIARIST_TRUNK_RECORDING ? "recording" : "window";
    result->precision = dr_model_precision(r->workers.model, r->plan.preset);
}

int dr_stages_run(struct dr_stages *s, struct diarist_recording *r, struct dr_arena *arena,
                  struct dr_arena *turns_arena, diarist_error *err) {
    double clock = dr_clock_s();

    /* While it was fed: segmentation says when, and how many talk at once; one pass of the
     * embedding network gives the voice of any stretch. */
    s->segmentation = dr_segments_view(&r->segments, r->num_samples);
    s->num_frames = r->segments.counter.first;
    s->count = r->segments.count;
    s->embeddings = r->embedder.out;

    /* Clustering of short windows says which voices there are; local speakers are then put on
     * them, chunk by chunk. */
    int status = dr_recording_progress(r, DIARIST_STAGE_CLUSTERING, 0.0, err);
    if (!status)
        status = dr_links_build(&s->links, &s->embeddings.coarse, &s->segmentation, arena, err);
    if (!status)
        status = dr_find_speakers(&s->centroids, &s->window_speaker, &s->embeddings.coarse,
                                  &s->links, r->num_samples, &r->plan.clustering, arena, err);
    s->assign =
        dr_arena_alloc(arena, s->segmentation.num_chunks * DR_LOCAL_SPEAKERS, sizeof *s->assign);
    if (!status && !s->assign)
        status = dr_fail_memory(err);
    if (!status)
        status = dr_assign_local_speakers(s->assign, &s->segmentation, &s->embeddings.local,
                                          &s->centroids, &r->plan.clustering, arena, err);
    dr_recording_lap(&r->timing.clustering, &clock);

    /* Activity of each speaker at each frame, corrected by the embeddings, becomes turns. */
    if (!status)
        status = dr_recording_progress(r, DIARIST_STAGE_RECONSTRUCT, 0.0, err);
    if (status)
        return status;
    struct dr_reconstruct_input in = {.segmentation = &s->segmentation,
                                      .count = s->count,
                                      .assign = s->assign,
                                      .num_speakers =
                                          s->centroids.num_speakers ? s->centroids.num_speakers : 1,
                                      .windows = &s->embeddings.fine,
                                      .centroids = &s->centroids};
    status = dr_reconstruct(&s->turns, &in, &r->plan.reconstruct, turns_arena, err);
    dr_recording_lap(&r->timing.reconstruct, &clock);
    return status ? status : dr_recording_progress(r, DIARIST_STAGE_RECONSTRUCT, 1.0, err);
}

static int keep_stages(struct diarist_result *result, const struct diarist_recording *r,
                       const struct dr_stages *s, struct dr_arena *arena, diarist_error *err) {
    struct dr_kept *kept = &result->kept;
    const struct dr_local_embeddings *local = &s->embeddings.local;
    const size_t num_clusters = s->centroids.num_speakers ? s->centroids.num_speakers : 1;
    int status = dr_keep_chunks(kept, &s->segmentation, &result->arena, err);
    if (!status)
        status = dr_keep_voices(kept, s->assign, DR_EMBEDDING_DIM, &result->arena, err);
    if (!status)
        status = dr_keep_windows(kept, &s->embeddings.coarse, s->window_speaker, DR_HALF_WINDOW_S,
                                 (double)r->num_samples / DR_SAMPLE_RATE, &result->arena, err);
    if (status)
        return status;
    for (size_t i = 0; i < kept->num_chunks * DR_LOCAL_SPEAKERS; i++)
        if (local->has[i])
            dr_embedding_unpack(kept->embedding + i * kept->dim, &local->embedding[i]);
    return dr_keep_speakers(kept, &s->turns, num_clusters, arena, err);
}

static int diarize_stages(struct diarist_result *result, struct diarist_recording *r,
                          struct dr_arena *arena, diarist_error *err) {
    struct dr_stages stages = {0};
    int status = dr_stages_run(&stages, r, arena, &result->arena, err);
    result->turns = stages.turns;
    if (!status)
        status = keep_embeddings(result, &stages.centroids, err);
    if (!status && r->plan.keep_stages)
        status = keep_stages(result, r, &stages, arena, err);
    return status;
}

static int vad_stages(struct diarist_result *result, struct diarist_recording *r,
                      struct dr_arena *arena, diarist_error *err) {
    (void)arena;
    double clock = dr_clock_s();
    const struct dr_segments *s = &r->segments;
    int status = dr_reconstruct_speech(&result->turns, s->count, s->speech, s->counter.first,
                                       r->num_samples, &r->plan.reconstruct, &result->arena, err);
    dr_recording_lap(&r->timing.reconstruct, &clock);
    result->is_vad = 1;
    if (!status && r->plan.keep_stages) {
        const struct dr_segmentation segmentation = dr_segments_view(s, r->num_samples);
        status = dr_keep_chunks(&result->kept, &segmentation, &result->arena, err);
    }
    return status;
}

typedef int stages_fn(struct diarist_result *, struct diarist_recording *, struct dr_arena *,
                      diarist_error *);

/* Runs the stages of a recording that has ended with an arena of their own. */
static int run_stages(struct diarist_result **out, struct diarist_recording *r, stages_fn *stages,
                      diarist_error *err) {
    struct dr_arena arena = {NULL};
    struct diarist_result *result = dr_result_new();
    int status = result ? stages(result, r, &arena, err) : dr_fail_memory(err);
    dr_arena_free(&arena);
    if (!status && r->plan.keep_evidence)
        status =
            dr_evidence_save(&result->evidence, &result->evidence_bytes, r, &result->arena, err);
    if (status) {
        diarist_result_free(result);
        return status;
    }
    finish_result(result, r);
    *out = result;
    return DIARIST_OK;
}

static stages_fn *stages_of(const struct diarist_recording *recording) {
    return recording->plan.architecture == DR_COMMUNITY_1 ? dr_community_stages : diarize_stages;
}

int dr_diarize(struct diarist_result **out, struct diarist_recording *recording,
               diarist_error *err) {
    *out = NULL;
    int status = dr_recording_end(recording, DIARIST_TASK_DIARIZE, err);
    return status ? status : run_stages(out, recording, stages_of(recording), err);
}

int diarist_recluster(diarist_result **out, const diarist_model *model, const void *evidence,
                      size_t num_bytes, const diarist_options *options, diarist_error *err) {
    *out = NULL;
    struct diarist_recording *recording = calloc(1, sizeof *recording);
    if (!recording)
        return dr_fail_memory(err);
    int status = dr_evidence_load(recording, evidence, num_bytes, model, options, err);
    if (!status && recording->plan.task != DIARIST_TASK_DIARIZE)
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT, "speakers are found in task diarize alone");
    if (!status)
        status = run_stages(out, recording, stages_of(recording), err);
    dr_arena_free(&recording->arena);
    free(recording);
    return status;
}

int dr_vad(struct diarist_result **out, struct diarist_recording *recording, diarist_error *err) {
    *out = NULL;
    int status = dr_recording_end(recording, DIARIST_TASK_VAD, err);
    return status ? status : run_stages(out, recording, vad_stages, err);
}

/* ---- embeddings of regions ---- */

struct region_job {
    const struct diarist_recording *recording;
    const diarist_region *regions;
    size_t num_regions;
    const uint8_t *usable;
    struct dr_pooled *group;
};

/* First column whose centre is not before time_s. */
static size_t column_at(const struct dr_grid *grid, double time_s, size_t limit) {
    double c = (time_s * DR_SAMPLE_RATE - (double)grid->centre) / (double)grid->step;
    if (!(c > 0.0))
        return 0;
    return c < (double)limit ? (size_t)(c + 0.999999) : limit;
}

static int take_regions(void *context, const struct dr_trunk_pass *pass, size_t *keep_from,
                        diarist_error *err) {
    struct region_job *job = context;
    for (size_t i = 0; i < job->num_regions; i++) {
        const diarist_region *region = &job->regions[i];
        size_t begin = column_at(pass->trunk->grid, region->start, pass->end);
        size_t end = column_at(pass->trunk->grid, region->end, pass->end);
        if (begin < pass->first)
            begin = pass->first;
        if (begin < end)
            dr_pooled_add(&job->group[region->group], &pass->workers->model->kernels,
                          dr_trunk_column(pass, begin), job->usable + begin, end - begin);
    }
    *keep_from = pass->end;
    size_t of = job->recording->energies.num_frames;
    return dr_recording_progress(job->recording, DIARIST_STAGE_EMBEDDING,
                                 of ? (double)pass->num_frames / (double)of : 1.0, err);
}

static struct dr_pooled *new_groups(size_t num_groups, size_t dim, struct dr_arena *arena) {
    struct dr_pooled *group = dr_arena_zalloc(arena, num_groups, sizeof *group);
    double *sums = dr_arena_zalloc(arena, num_groups, 2 * dim * sizeof *sums);
    if (!group || !sums)
        return NULL;
    for (size_t g = 0; g < num_groups; g++) {
        group[g].dim = dim;
        group[g].sum = sums + g * 2 * dim;
        group[g].squares = group[g].sum + dim;
    }
    return group;
}

/* All regions in one pass over the recording. */
static int pool_regions(struct region_job *job, struct diarist_recording *r, struct dr_arena *arena,
                        diarist_error *err) {
    const struct dr_trunk *trunk = dr_trunk_of(r->plan.architecture);
    struct dr_trunk_pass pass;
    struct dr_speech_mean sums = {.num_all = 0};
    float mean[DR_MELS];
    size_t num_frames = r->energies.num_frames, num_columns = dr_num_columns(trunk, num_frames);
    struct dr_segmentation segmentation = dr_segments_view(&r->segments, r->num_samples);
    uint8_t *usable = dr_arena_alloc(arena, num_columns + 1, sizeof *usable);
    if (!usable)
        return dr_fail_memory(err);
    dr_mark_usable(usable, trunk->grid, &r->segments, r->plan.exclude_overlap, 0, num_columns);
    job->usable = usable;
    int status = dr_speech_mean_add(&sums, &r->energies, &segmentation, 0, num_frames, err);
    if (!status)
        status = dr_trunk_pass_open(&pass, &r->workers, &r->energies, DR_EVERY_COLUMN, arena, err);
    if (status)
        return status;
    dr_speech_mean_get(mean, &sums);
    return dr_trunk_pass_run(&pass, num_frames, mean, usable, take_regions, job, err);
}

/* embedding [embedding_dim], of unit length. */
static void run_head(float *embedding, const float *statistics, const struct dr_workers *workers) {
    const struct dr_networks *networks = workers->networks;
    if (networks->resnet34)
        dr_resnet34_head(networks->resnet34, embedding, statistics, 1);
    else
        dr_campplus_head(networks->campplus, embedding, statistics, 1);
    dr_normalise(embedding, workers->model->embedding_dim);
}

static int embed_stages(float *embeddings, double *seconds, struct region_job *job,
                        struct diarist_recording *r, size_t num_groups, struct dr_arena *arena,
                        diarist_error *err) {
    const struct dr_trunk *trunk = dr_trunk_of(r->plan.architecture);
    const size_t dim = r->workers.model->embedding_dim;
    job->group = new_groups(num_groups, trunk->column_dim, arena);
    float *statistics = dr_arena_alloc(arena, 2 * trunk->column_dim, sizeof *statistics);
    if (!job->group || !statistics)
        return dr_fail_memory(err);
    int status = pool_regions(job, r, arena, err);
    for (size_t g = 0; g < num_groups && !status; g++) {
        float *embedding = embeddings + g * dim;
        const size_t samples = job->group[g].n * trunk->grid->step;
        memset(embedding, 0, dim * sizeof *embedding);
        if (seconds)
            seconds[g] = (double)samples / DR_SAMPLE_RATE;
        if (samples < MIN_REGION_SAMPLES)
            continue;
        dr_pooled_statistics(statistics, &job->group[g]);
        run_head(embedding, statistics, &r->workers);
    }
    return status;
}

int dr_embed(float *embeddings, double *seconds, struct diarist_recording *r,
             const diarist_region *regions, size_t num_regions, size_t num_groups,
             diarist_error *err) {
    struct region_job job = {.recording = r, .regions = regions, .num_regions = num_regions};
    struct dr_arena arena = {NULL};
    int status = dr_check_regions(regions, num_regions, num_groups, err);
    if (!status)
        status = dr_recording_end(r, DIARIST_TASK_EMBED, err);
    if (!status)
        status = embed_stages(embeddings, seconds, &job, r, num_groups, &arena, err);
    dr_arena_free(&arena);
    return status;
}
