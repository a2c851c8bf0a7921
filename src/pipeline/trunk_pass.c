/* trunk_pass.c - one pass of the embedding trunk over a recording, column by column.
 * SPDX-License-Identifier: MIT */
#include "pipeline/trunk_pass.h"

#include <string.h>

enum {
    TRUNK_COLUMNS = DR_TRUNK_FRAMES / 2,
    CHUNKS_PER_THREAD = 4, /* in one round */
};
_Static_assert((int)DR_BLOCK_FRAMES % (int)DR_TRUNK_FRAMES == 0, "no trunk chunk crosses a block");

size_t dr_num_columns(size_t num_frames) {
    return (num_frames + 1) / 2;
}

static size_t round_chunks(const struct dr_trunk_pass *pass) {
    return (size_t)pass->workers->num * CHUNKS_PER_THREAD;
}

int dr_trunk_pass_open(struct dr_trunk_pass *pass, struct dr_workers *workers,
                       const struct dr_energies *energies, struct dr_arena *arena,
                       diarist_error *err) {
    *pass = (struct dr_trunk_pass){.workers = workers, .energies = energies};
    pass->columns = dr_arena_alloc(arena, round_chunks(pass) * TRUNK_COLUMNS + DR_CHUNK_COLUMNS,
                                   DR_COLUMN_DIM * sizeof *pass->columns);
    return pass->columns ? DIARIST_OK : dr_fail_memory(err);
}

/* ---- the pass ---- */

struct pass_work {
    struct dr_trunk_pass *pass; /* at the end of the last round */
    size_t end_frame;
    const float *mean;
    const uint8_t *wanted; /* from this round's first column on */
};

static int any_wanted(const uint8_t *wanted, size_t num) {
    for (size_t i = 0; i < num; i++)
        if (wanted[i])
            return 1;
    return 0;
}

/* One trunk chunk into its place in columns. */
static void trunk_item(void *context, size_t item, int worker) {
    const struct pass_work *work = context;
    const struct dr_trunk_pass *pass = work->pass;
    size_t begin = pass->num_frames + item * DR_TRUNK_FRAMES, end = begin + DR_TRUNK_FRAMES;
    end = end < work->end_frame ? end : work->end_frame;
    size_t out_begin = begin / 2, out_num = (end + 1) / 2 - out_begin;
    float *out = pass->columns + (out_begin - pass->first) * DR_COLUMN_DIM;
    if (!any_wanted(work->wanted + (out_begin - pass->end), out_num)) {
        memset(out, 0, out_num * DR_COLUMN_DIM * sizeof *out);
        return;
    }
    if (end - begin < DR_TRUNK_MIN_FRAMES)
        begin = end < DR_TRUNK_MIN_FRAMES ? 0 : (end - DR_TRUNK_MIN_FRAMES) / 2 * 2;
    struct dr_trunk_scratch s = dr_scratch_for_trunk(pass->workers->scratch[worker]);
    for (size_t t = begin; t < end; t++) {
        const float *frame = dr_energies_frame(pass->energies, t);
        for (size_t m = 0; m < DR_MELS; m++)
            s.features[(t - begin) * DR_MELS + m] = frame[m] - work->mean[m];
    }
    dr_campplus_trunk(pass->workers->networks->campplus, s.columns, s.features, end - begin,
                      s.network);
    memcpy(out, s.columns + (out_begin - begin / 2) * DR_COLUMN_DIM,
           out_num * DR_COLUMN_DIM * sizeof *out);
}

/* Forgets the columns before keep_from. */
static void drop_columns(struct dr_trunk_pass *pass, size_t keep_from) {
    memmove(pass->columns, pass->columns + (keep_from - pass->first) * DR_COLUMN_DIM,
            (pass->end - keep_from) * DR_COLUMN_DIM * sizeof *pass->columns);
    pass->first = keep_from;
}

int dr_trunk_pass_run(struct dr_trunk_pass *pass, size_t end, const float *mean,
                      const uint8_t *wanted, dr_columns_fn *take, void *context,
                      diarist_error *err) {
    size_t first_column = pass->end, keep_from;
    int status;
    do {
        size_t num = (end - pass->num_frames + DR_TRUNK_FRAMES - 1) / DR_TRUNK_FRAMES;
        num = num < round_chunks(pass) ? num : round_chunks(pass);
        struct pass_work work = {pass, end, mean, wanted + (pass->end - first_column)};
        dr_pool_run(pass->workers->pool, trunk_item, &work, num);
        pass->num_frames += num * DR_TRUNK_FRAMES;
        pass->num_frames = pass->num_frames < end ? pass->num_frames : end;
        pass->end = dr_num_columns(pass->num_frames);
        keep_from = pass->end;
        status = take(context, pass, &keep_from, err);
        drop_columns(pass, keep_from);
    } while (!status && pass->num_frames < end);
    return status;
}
