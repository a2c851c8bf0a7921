/* plan.h - what the caller's options come to.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_PLAN_H
#define DR_PIPELINE_PLAN_H

#include "clustering/community1.h"
#include "clustering/params.h"
#include "diarist/diarist.h"
#include "pipeline/model.h"
#include "reconstruct/params.h"

struct dr_plan {
    diarist_task task;
    int32_t preset;
    size_t step; /* samples between segmentation chunks */
    int num_threads;
    int exclude_overlap;
    diarist_trunk trunk;             /* of DR_COMMUNITY_1 */
    int keep_stages, keep_evidence;  /* in the result */
    size_t section_frames;           /* embedded at a time: whole blocks of energies */
    enum dr_column_rate column_rate; /* of DR_DEFAULT_1's trunk, when diarizing */
    int mirror_short; /* fill a chunk of a recording under 10 s with its mirror image, not zeros */
    enum dr_architecture architecture;
    struct dr_cluster_params clustering;    /* of DR_DEFAULT_1 */
    struct dr_community1_params community1; /* of DR_COMMUNITY_1 */
    struct dr_reconstruct_params reconstruct;
    diarist_progress_fn progress;
    void *progress_data;
};

/* Checks options (NULL: the defaults) and resolves what is left to the preset, the model or the
 * machine. DIARIST_ERROR_ARGUMENT. */
int dr_plan_make(struct dr_plan *plan, const diarist_options *options,
                 const struct diarist_model *model, diarist_error *err);

/* The field called name must lie from low to high, and not be NaN. DIARIST_ERROR_ARGUMENT. */
int dr_check_range(double value, double low, double high, const char *name, diarist_error *err);

/* Regions must not end before they start, nor be of a group that is not there.
 * DIARIST_ERROR_ARGUMENT. */
int dr_check_regions(const diarist_region *regions, size_t num_regions, size_t num_groups,
                     diarist_error *err);

#endif
