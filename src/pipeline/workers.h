/* workers.h - who does the work of a recording: threads, and the memory that each has for itself.
 * SPDX-License-Identifier: MIT */
#ifndef DR_PIPELINE_WORKERS_H
#define DR_PIPELINE_WORKERS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/threads.h"
#include "pipeline/model.h"

struct dr_workers {
    const struct diarist_model *model;
    const struct dr_networks *networks; /* of the model, for a precision */
    int num;
    struct dr_pool *pool;
    float **scratch; /* [num], each for one network or the features at a time */
    size_t *ready;   /* [num * DR_PYANNET_BATCH] chunks of a round whose batch is done, in order */
};

/* Starts num threads, the caller counted. embedding_scratch: floats that what is run of the
 * embedding network takes. Scratch lives in arena. DIARIST_ERROR_MEMORY; close in either case. */
int dr_workers_open(struct dr_workers *workers, const struct diarist_model *model,
                    const struct dr_networks *networks, int num, size_t embedding_scratch,
                    struct dr_arena *arena, diarist_error *err);
void dr_workers_close(struct dr_workers *workers);

/* Work on chunks [first, first + num), num at most DR_PYANNET_BATCH, by thread `worker`. pool: its
 * threads may share the layers; NULL: they have batches of their own. */
typedef void dr_batch_fn(void *context, size_t first, size_t num, struct dr_pool *pool, int worker);

/* Work on one chunk, whose batch is done, by thread `worker`. */
typedef void dr_chunk_fn(void *context, size_t chunk, int worker);

/* Shares num chunks for the segmentation network out among the threads, and returns when all are
 * done. `then` follows for each chunk, by any thread, so that none waits for another's batch; NULL:
 * nothing does. With it num is at most workers->num * DR_PYANNET_BATCH. */
void dr_workers_run_batches(struct dr_workers *workers, dr_batch_fn *work, dr_chunk_fn *then,
                            void *context, size_t num);

#endif
