/* trunk_pass.c - one pass of the embedding trunk over a recording, column by column.
 * SPDX-License-Identifier: MIT */
#include "pipeline/trunk_pass.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "pipeline/scratch.h"

enum {
    TRUNK_FRAMES = 300, /* 3 s */
    TRUNK_COLUMNS = TRUNK_FRAMES / 2,
    MIN_FRAMES = 20,        /* a shorter rest is extended backwards */
    CHUNKS_PER_THREAD = 4,  /* in one round */
    FRAMES_PER_CHUNK = 998, /* energies in 10 s */
    MIN_SPEECH_FRAMES = 50
};
_Static_assert((int)DR_BLOCK_FRAMES % (int)TRUNK_FRAMES == 0, "no trunk chunk crosses a block");

size_t dr_num_columns(const struct diarist_recording *r) {
    return (r->num_frames + 1) / 2;
}

size_t dr_column_frame(size_t column) {
    double centre = (double)(column * DR_COLUMN_STEP + DR_COLUMN_CENTRE);
    double frame = rint((centre - DR_FRAME_DURATION / 2.0) / DR_FRAME_STEP);
    return frame > 0.0 ? (size_t)frame : 0;
}

/* Segmentation frame nearest to the k-th energy frame of the same chunk. */
static size_t nearest_frame(size_t k) {
    double centre = (double)(k * DR_FBANK_STEP + DR_FBANK_LENGTH / 2);
    double frame = rint((centre - DR_FRAME_DURATION / 2.0) / DR_FRAME_STEP);
    if (frame < 0.0)
        return 0;
    return frame < DR_CHUNK_FRAMES ? (size_t)frame : DR_CHUNK_FRAMES - 1;
}

static void mark_speech(uint8_t *speech, const struct diarist_recording *r, const uint8_t *active) {
    size_t nearest[FRAMES_PER_CHUNK / 2]; /* half a table at a time keeps the stack small */
    for (size_t half = 0; half < 2; half++) {
        size_t offset = half * (FRAMES_PER_CHUNK / 2);
        for (size_t k = 0; k < FRAMES_PER_CHUNK / 2; k++)
            nearest[k] = nearest_frame(offset + k);
        for (size_t i = 0; i < r->num_chunks; i++) {
            size_t first = i * r->plan.step / DR_FBANK_STEP + offset;
            for (size_t k = 0; k < FRAMES_PER_CHUNK / 2 && first + k < r->num_frames; k++)
                speech[first + k] |= active[i * DR_CHUNK_FRAMES + nearest[k]] != 0;
        }
    }
}

int dr_speech_mean(float *mean, const struct diarist_recording *r, const uint8_t *active,
                   diarist_error *err) {
    struct dr_arena scratch = {NULL};
    uint8_t *speech = dr_arena_zalloc(&scratch, r->num_frames + 1, sizeof *speech);
    if (!speech)
        return dr_fail_memory(err);
    mark_speech(speech, r, active);
    size_t num = 0;
    for (size_t t = 0; t < r->num_frames; t++)
        num += speech[t];
    int all = num < MIN_SPEECH_FRAMES;
    double sum[DR_MELS] = {0.0};
    for (size_t t = 0; t < r->num_frames; t++) {
        const float *frame = dr_recording_frame(r, t);
        for (int m = 0; m < DR_MELS && (all || speech[t]); m++)
            sum[m] += frame[m];
    }
    for (int m = 0; m < DR_MELS; m++)
        mean[m] = r->num_frames ? (float)(sum[m] / (double)(all ? r->num_frames : num)) : 0.0f;
    dr_arena_free(&scratch);
    return DIARIST_OK;
}

/* ---- the pass ---- */

struct pass {
    struct diarist_recording *recording;
    const float *mean;
    const uint8_t *wanted;
    float *columns; /* columns [first, ...) */
    size_t first;
    size_t round_first; /* trunk chunk that item 0 of this round is */
};

static int any_wanted(const uint8_t *wanted, size_t num) {
    for (size_t i = 0; i < num; i++)
        if (wanted[i])
            return 1;
    return 0;
}

/* One trunk chunk into its place in columns. */
static void trunk_item(void *context, size_t item, int worker) {
    const struct pass *pass = context;
    const struct diarist_recording *r = pass->recording;
    size_t chunk = pass->round_first + item;
    size_t begin = chunk * TRUNK_FRAMES, end = begin + TRUNK_FRAMES;
    if (end > r->num_frames)
        end = r->num_frames;
    size_t out_begin = begin / 2, out_end = (end + 1) / 2;
    float *out = pass->columns + (out_begin - pass->first) * DR_COLUMN_DIM;
    if (!any_wanted(pass->wanted + out_begin, out_end - out_begin)) {
        memset(out, 0, (out_end - out_begin) * DR_COLUMN_DIM * sizeof *out);
        return;
    }
    if (end - begin < MIN_FRAMES)
        begin = end < MIN_FRAMES ? 0 : (end - MIN_FRAMES) / 2 * 2;
    struct dr_trunk_scratch s = dr_scratch_for_trunk(r->scratch[worker]);
    for (size_t t = begin; t < end; t++) {
        const float *frame = dr_recording_frame(r, t);
        for (size_t m = 0; m < DR_MELS; m++)
            s.features[(t - begin) * DR_MELS + m] = frame[m] - pass->mean[m];
    }
    dr_campplus_trunk(r->networks->campplus, s.columns, s.features, end - begin, s.network);
    memcpy(out, s.columns + (out_begin - begin / 2) * DR_COLUMN_DIM,
           (out_end - out_begin) * DR_COLUMN_DIM * sizeof *out);
}

/* Forgets the columns before keep_from. */
static void drop_columns(struct pass *pass, size_t keep_from, size_t end) {
    size_t drop = keep_from - pass->first;
    memmove(pass->columns, pass->columns + drop * DR_COLUMN_DIM,
            (end - keep_from) * DR_COLUMN_DIM * sizeof *pass->columns);
    pass->first = keep_from;
}

int dr_trunk_pass(struct diarist_recording *r, const float *mean, const uint8_t *wanted,
                  dr_columns_fn *take, void *context, diarist_error *err) {
    struct dr_arena scratch = {NULL};
    size_t num_chunks = (r->num_frames + TRUNK_FRAMES - 1) / TRUNK_FRAMES;
    size_t round = (size_t)r->plan.num_threads * CHUNKS_PER_THREAD;
    struct pass pass = {.recording = r, .mean = mean, .wanted = wanted};
    pass.columns = dr_arena_alloc(&scratch, round * TRUNK_COLUMNS + DR_CHUNK_COLUMNS,
                                  DR_COLUMN_DIM * sizeof *pass.columns);
    int status = pass.columns ? DIARIST_OK : dr_fail_memory(err);
    for (size_t done = 0; done < num_chunks && !status; done += round) {
        size_t num = num_chunks - done < round ? num_chunks - done : round;
        pass.round_first = done;
        dr_pool_run(r->pool, trunk_item, &pass, num);
        size_t end = (done + num) * TRUNK_COLUMNS;
        if (end > dr_num_columns(r))
            end = dr_num_columns(r);
        struct dr_columns columns = {pass.columns, pass.first, end};
        size_t keep_from = end;
        take(context, &columns, &keep_from);
        drop_columns(&pass, keep_from, end);
        status = dr_recording_progress(r, DIARIST_STAGE_EMBEDDING,
                                       (double)(done + num) / (double)num_chunks, err);
    }
    dr_arena_free(&scratch);
    return status;
}
