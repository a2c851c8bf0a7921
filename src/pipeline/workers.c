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
