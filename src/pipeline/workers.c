/* workers.c - who does the work of a recording: threads, and the memory that each has for itself.
 * SPDX-License-Identifier: MIT */
#include "pipeline/workers.h"

#include "pipeline/chunk_voices.h"
#include "types.h"

enum {
    FEATURES = DR_CAMPPLUS_MAX_FRAMES * DR_MELS,
    COLUMNS = DR_CAMPPLUS_MAX_FRAMES / 2 * DR_COLUMN_DIM
};

/* Floats that a worker needs, whatever it does. */
static size_t scratch_floats(enum dr_architecture architecture) {
    const size_t embedding = architecture == DR_COMMUNITY_1
                                 ? dr_chunk_voices_scratch()
                                 : FEATURES + COLUMNS + dr_campplus_trunk_scratch();
    const size_t needs[] = {dr_pyannet_scratch(DR_PYANNET_BATCH), dr_fbank_scratch(), embedding};
    size_t most = 0;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        most = needs[i] > most ? needs[i] : most;
    return most;
}

int dr_workers_open(struct dr_workers *workers, const struct diarist_model *model,
                    const struct dr_networks *networks, int num, struct dr_arena *arena,
                    diarist_error *err) {
    *workers = (struct dr_workers){.model = model, .networks = networks, .num = num};
    workers->pool = dr_pool_new(num);
    if (!workers->pool)
        return dr_fail(err, DIARIST_ERROR_MEMORY, "cannot start %d threads; try --threads 1", num);
    workers->scratch = dr_arena_zalloc(arena, (size_t)num, sizeof *workers->scratch);
    if (!workers->scratch)
        return dr_fail_memory(err);
    for (int i = 0; i < num; i++) {
        workers->scratch[i] =
            dr_arena_alloc(arena, scratch_floats(model->architecture), sizeof **workers->scratch);
        if (!workers->scratch[i])
            return dr_fail_memory(err);
    }
    return DIARIST_OK;
}

void dr_workers_close(struct dr_workers *workers) {
    dr_pool_free(workers->pool);
    workers->pool = NULL;
}

struct dr_trunk_scratch dr_scratch_for_trunk(float *scratch) {
    struct dr_trunk_scratch s = {scratch, scratch + FEATURES, scratch + FEATURES + COLUMNS};
    return s;
}
