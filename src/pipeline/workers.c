/* workers.c - who does the work of a recording: threads, and the memory that each has for itself.
 * SPDX-License-Identifier: MIT */
#include "pipeline/workers.h"

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
    if (!workers->scratch)
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
    void *context;
    size_t num, num_items;
    struct dr_pool *pool; /* for the layers, or NULL */
};

/* Item i of n takes chunks [i * num / n, (i + 1) * num / n). */
static void batch_item(void *context, size_t item, int worker) {
    const struct batches *batches = context;
    const size_t first = item * batches->num / batches->num_items;
    const size_t end = (item + 1) * batches->num / batches->num_items;
    batches->work(batches->context, first, end - first, batches->pool, worker);
}

void dr_workers_run_batches(struct dr_workers *workers, dr_batch_fn *work, void *context,
                            size_t num) {
    const size_t threads = (size_t)workers->num;
    size_t items = (num + DR_PYANNET_BATCH - 1) / DR_PYANNET_BATCH;
    items = items > threads ? items : num < threads ? num : threads;
    /* For a single chunk all threads but one would wait. */
    const int share_layers = num == 1 && threads > 1;
    struct batches batches = {work, context, num, items, share_layers ? workers->pool : NULL};
    dr_pool_run(share_layers ? NULL : workers->pool, batch_item, &batches, items);
}
