/* workers.c - who does the work of a recording: threads, and the memory that each has for itself.
 * SPDX-License-Identifier: MIT */
#include "pipeline/workers.h"

#include <pthread.h>

/* Floats that a worker needs, whatever it does. */
static size_t scratch_floats(size_t embedding_scratch) {
    const size_t needs[] = {dr_pyannet_scratch(DR_PYANNET_BATCH), dr_fbank_scratch(),
                            embedding_scratch};
    size_t most = 0;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        most = needs[i] > most ? needs[i] : most;
    return most;
}

int dr_workers_open(struct dr_workers *workers, const struct diarist_model *model,
                    const struct dr_networks *networks, int num, size_t embedding_scratch,
                    struct dr_arena *arena, diarist_error *err) {
    *workers = (struct dr_workers){.model = model, .networks = networks, .num = num};
    workers->pool = dr_pool_new(num);
    if (!workers->pool)
        return dr_fail(err, DIARIST_ERROR_MEMORY, "cannot start %d threads; try --threads 1", num);
    workers->scratch = dr_arena_zalloc(arena, (size_t)num, sizeof *workers->scratch);
    workers->ready = dr_arena_alloc(arena, (size_t)num * DR_PYANNET_BATCH, sizeof *workers->ready);
    if (!workers->scratch || !workers->ready)
        return dr_fail_memory(err);
    for (int i = 0; i < num; i++) {
        workers->scratch[i] =
            dr_arena_alloc(arena, scratch_floats(embedding_scratch), sizeof **workers->scratch);
        if (!workers->scratch[i])
            return dr_fail_memory(err);
    }
    return DIARIST_OK;
}

void dr_workers_close(struct dr_workers *workers) {
    dr_pool_free(workers->pool);
    workers->pool = NULL;
}

/* ---- batches ---- */

struct batches {
    dr_batch_fn *work;
    dr_chunk_fn *then;
    void *context;
    size_t num, num_batches;
    struct dr_pool *pool; /* for the layers, or NULL */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t done;  /* a batch is */
    size_t *ready, num_ready, num_taken;
};

/* Batch i of n has chunks [i * num / n, (i + 1) * num / n). */
static void run_batch(struct batches *b, size_t i, int worker) {
    const size_t first = i * b->num / b->num_batches, end = (i + 1) * b->num / b->num_batches;
    b->work(b->context, first, end - first, b->pool, worker);
    pthread_mutex_lock(&b->lock);
    for (size_t chunk = first; b->then && chunk < end; chunk++)
        b->ready[b->num_ready++] = chunk;
    pthread_cond_broadcast(&b->done);
    pthread_mutex_unlock(&b->lock);
}

/* Items are the batches, then as many as there are chunks, each the first one that is ready: those
 * of batches that are done have to wait for no other. */
static void run_item(void *context, size_t item, int worker) {
    struct batches *b = context;
    if (item < b->num_batches) {
        run_batch(b, item, worker);
        return;
    }
    pthread_mutex_lock(&b->lock);
    while (b->num_taken == b->num_ready)
        pthread_cond_wait(&b->done, &b->lock);
    const size_t chunk = b->ready[b->num_taken++];
    pthread_mutex_unlock(&b->lock);
    b->then(b->context, chunk, worker);
}

void dr_workers_run_batches(struct dr_workers *workers, dr_batch_fn *work, dr_chunk_fn *then,
                            void *context, size_t num) {
    const size_t threads = (size_t)workers->num;
    size_t num_batches = (num + DR_PYANNET_BATCH - 1) / DR_PYANNET_BATCH;
    num_batches = num_batches > threads ? num_batches : num < threads ? num : threads;
    /* For a single chunk all threads but one would wait. */
    const int share_layers = num == 1 && threads > 1;
    struct batches batches = {.work = work,
                              .then = then,
                              .context = context,
                              .num = num,
                              .num_batches = num_batches,
                              .pool = share_layers ? workers->pool : NULL,
                              .ready = workers->ready};
    pthread_mutex_init(&batches.lock, NULL);
    pthread_cond_init(&batches.done, NULL);
    dr_pool_run(share_layers ? NULL : workers->pool, run_item, &batches,
                num_batches + (then ? num : 0));
    pthread_cond_destroy(&batches.done);
    pthread_mutex_destroy(&batches.lock);
}
