/* plan.c - options: defaults, validation, and what they come to.
 * SPDX-License-Identifier: MIT */
#include "pipeline/plan.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/threads.h"
#include "types.h"

#define MIN_STEP_S 0.5
#define MAX_STEP_S 10.0
#define MAX_MIN_DURATION_S 60.0
#define NOT_GIVEN (-1.0)
#define DEFAULT_ONSET 0.5 /* when an offset is given alone */
/* 10 minutes: long enough for the mean over a section's speech to be the recording's; 19 MB of
 * energies. */
#define SECTION_FRAMES 60000

void diarist_options_init(diarist_options *options) {
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->cpu_mask = DIARIST_CPU_ALL;
    options->exclude_overlap = 1;
    options->onset = options->offset = NOT_GIVEN;
}

static int check_speakers(const diarist_options *o, diarist_error *err) {
    if (o->num_speakers < 0 || o->min_speakers < 0 || o->max_speakers < 0)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT, "a number of speakers cannot be negative");
    if (o->num_speakers && (o->min_speakers || o->max_speakers))
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "num_speakers contradicts min_speakers and max_speakers; give one or the "
                       "others");
    if (o->max_speakers && o->min_speakers > o->max_speakers)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "min_speakers %d is above max_speakers %d; swap them", o->min_speakers,
                       o->max_speakers);
    return DIARIST_OK;
}

int dr_check_range(double value, double low, double high, const char *name, diarist_error *err) {
    if (value >= low && value <= high)
        return DIARIST_OK;
    return dr_fail(err, DIARIST_ERROR_ARGUMENT, "%s must lie from %g to %g", name, low, high);
}

int dr_check_regions(const diarist_region *regions, size_t num_regions, size_t num_groups,
                     diarist_error *err) {
    for (size_t i = 0; i < num_regions; i++)
        if (!(regions[i].start <= regions[i].end) || regions[i].group < 0 ||
            (size_t)regions[i].group >= num_groups)
            return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                           "region %zu ends before it starts or has no group", i);
    return DIARIST_OK;
}

/* The two thresholds of speech; onset stays NOT_GIVEN when neither is given. */
static void resolve_thresholds(double *onset, double *offset, const diarist_options *o) {
    *onset = o->onset != NOT_GIVEN ? o->onset : o->offset != NOT_GIVEN ? DEFAULT_ONSET : NOT_GIVEN;
    *offset = o->offset != NOT_GIVEN ? o->offset : *onset;
}

static int check_thresholds(const diarist_options *o, diarist_error *err) {
    double onset, offset;
    int status = DIARIST_OK;
    if (o->onset != NOT_GIVEN)
        status = dr_check_range(o->onset, 0.0, 1.0, "onset", err);
    if (!status && o->offset != NOT_GIVEN)
        status = dr_check_range(o->offset, 0.0, 1.0, "offset", err);
    resolve_thresholds(&onset, &offset, o);
    if (!status && offset > onset)
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT,
                         "offset %g is above onset %g; lower it, or raise onset", offset, onset);
    return status;
}

int diarist_options_check(const diarist_options *o, diarist_error *err) {
    if (!o)
        return DIARIST_OK;
    if (o->struct_size != sizeof *o)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "struct_size is not set; call diarist_options_init first");
    int status = check_speakers(o, err);
    if (!status)
        status = dr_check_range(o->num_threads, 0, DR_MAX_THREADS, "num_threads", err);
    if (!status && o->step_s != 0.0)
        status = dr_check_range(o->step_s, MIN_STEP_S, MAX_STEP_S, "step_s", err);
    if (!status)
        status = dr_check_range(o->cluster_threshold, -1.0, 2.0, "cluster_threshold", err);
    if (!status)
        status =
            dr_check_range(o->min_duration_on_s, 0, MAX_MIN_DURATION_S, "min_duration_on_s", err);
    if (!status)
        status =
            dr_check_range(o->min_duration_off_s, 0, MAX_MIN_DURATION_S, "min_duration_off_s", err);
    if (!status)
        status = check_thresholds(o, err);
    if (!status && (o->preset < DIARIST_PRESET_BALANCED || o->preset > DIARIST_PRESET_ACCURATE))
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT, "preset %d is not known", o->preset);
    if (!status && (o->task < DIARIST_TASK_DIARIZE || o->task > DIARIST_TASK_EMBED))
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT, "task %d is not known", o->task);
    if (!status && (o->trunk < DIARIST_TRUNK_WINDOW || o->trunk > DIARIST_TRUNK_RECORDING))
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT, "trunk %d is not known", o->trunk);
    return status;
}

/* The default pipeline: 7.5 s with every second column costs 0.4 and 1.3 points of DER on simulated
 * and real data, 0.46 of both together. community-1: pyannote's own step is 1 s. */
static const double preset_step_s[][3] = {[DR_DEFAULT_1] = {[DIARIST_PRESET_BALANCED] = 5.0,
                                                            [DIARIST_PRESET_FAST] = 7.5,
                                                            [DIARIST_PRESET_ACCURATE] = 2.0},
                                          [DR_COMMUNITY_1] = {[DIARIST_PRESET_BALANCED] = 1.0,
                                                              [DIARIST_PRESET_FAST] = 2.0,
                                                              [DIARIST_PRESET_ACCURATE] = 1.0}};

/* 0, which stands for the model's, lies in both ranges. */
static int check_cluster_threshold(double threshold, const struct diarist_model *model,
                                   diarist_error *err) {
    if (model->architecture == DR_COMMUNITY_1)
        return dr_check_range(threshold, 0.0, 2.0, "cluster_threshold, with this model a distance,",
                              err);
    return dr_check_range(threshold, -1.0, 1.0, "cluster_threshold, with this model a similarity,",
                          err);
}

/* What lies in its range, but the model or the task has no use for. */
static int check_uses(const diarist_options *o, const struct diarist_model *model,
                      diarist_error *err) {
    if (o->trunk != DIARIST_TRUNK_WINDOW && model->architecture != DR_COMMUNITY_1)
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "trunk is a choice of community-1 models only; leave it out");
    if (o->task != DIARIST_TASK_VAD && (o->onset != NOT_GIVEN || o->offset != NOT_GIVEN))
        return dr_fail(err, DIARIST_ERROR_ARGUMENT,
                       "onset and offset find speech in task DIARIST_TASK_VAD alone; leave them "
                       "out");
    int status = check_cluster_threshold(o->cluster_threshold, model, err);
    if (!status && o->task != DIARIST_TASK_DIARIZE && o->keep_evidence)
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT,
                         "keep_evidence keeps what speakers are found from; leave it out");
    if (!status && o->task == DIARIST_TASK_EMBED && o->keep_stages)
        status = dr_fail(err, DIARIST_ERROR_ARGUMENT,
                         "keep_stages keeps them in a result and embedding has none; leave it out");
    return status;
}

/* Both pipelines' clustering, of which the model's architecture takes one. */
static void plan_clustering(struct dr_plan *plan, const diarist_options *o,
                            const struct diarist_model *model) {
    const double threshold =
        o->cluster_threshold != 0.0 ? o->cluster_threshold : model->cluster_threshold;
    const size_t min = (size_t)(o->num_speakers ? o->num_speakers : o->min_speakers);
    const size_t max = (size_t)(o->num_speakers ? o->num_speakers : o->max_speakers);
    plan->clustering = dr_cluster_defaults;
    plan->clustering.threshold = threshold;
    plan->clustering.min_speakers = min;
    plan->clustering.max_speakers = max;
    plan->community1 = dr_community1_defaults;
    plan->community1.ahc_threshold = threshold;
    plan->community1.min_speakers = min;
    plan->community1.max_speakers = max;
}

int dr_plan_make(struct dr_plan *plan, const diarist_options *options,
                 const struct diarist_model *model, diarist_error *err) {
    diarist_options defaults;
    diarist_options_init(&defaults);
    const diarist_options *o = options ? options : &defaults;
    int status = diarist_options_check(o, err);
    if (!status)
        status = check_uses(o, model, err);
    if (status)
        return status;
    double step_s = o->step_s;
    if (step_s == 0.0)
        step_s = preset_step_s[model->architecture][o->preset];
    memset(plan, 0, sizeof *plan);
    plan->task = o->task;
    plan->preset = o->preset;
    plan->architecture = model->architecture;
    plan->step = (size_t)lrint(step_s * DR_SAMPLE_RATE);
    plan->num_threads = o->num_threads ? o->num_threads : dr_available_threads();
    plan->exclude_overlap = o->exclude_overlap;
    plan->trunk = o->trunk;
    plan->keep_stages = o->keep_stages;
    plan->keep_evidence = o->keep_evidence;
    plan->section_frames = SECTION_FRAMES;
    plan->column_rate = o->preset == DIARIST_PRESET_FAST ? DR_EVERY_SECOND_COLUMN : DR_EVERY_COLUMN;
    plan->mirror_short = model->architecture == DR_DEFAULT_1;
    plan_clustering(plan, o, model);
    plan->reconstruct = dr_reconstruct_defaults;
    resolve_thresholds(&plan->reconstruct.onset, &plan->reconstruct.offset, o);
    plan->reconstruct.min_duration_on_s = o->min_duration_on_s;
    plan->reconstruct.min_duration_off_s = o->min_duration_off_s;
    plan->progress = o->progress;
    plan->progress_data = o->progress_data;
    return DIARIST_OK;
}
