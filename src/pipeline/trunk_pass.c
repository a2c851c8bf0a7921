/* trunk_pass.c - one pass of the embedding trunk over a recording, column by column.
 * SPDX-License-Identifier: MIT */
#include "pipeline/trunk_pass.h"

#include <string.h>

enum {
    /* Its memory is 2 MB a second and thread; its context costs a tenth. */
    RESNET34_PART = 2000,
    RESNET34_CONTEXT = DR_RESNET34_REACH,
};

static const struct dr_trunk trunks[] = {
    [DR_DEFAULT_1] = {.part = 300,
                      .min_part = 20,
                      .parts_per_thread = 4,
                      .column_dim = DR_COLUMN_DIM,
                      .grid = &dr_column_grid},
    [DR_COMMUNITY_1] = {.part = RESNET34_PART,
                        .context = RESNET34_CONTEXT,
                        .mean = DR_CHUNK_SAMPLES / DR_FBANK_STEP,
                        .parts_per_thread = 1,
                        .column_dim = DR_RESNET34_COLUMN_DIM,
                        .grid = &dr_resnet34_grid}};

_Static_assert((int)DR_CAMPPLUS_MAX_FRAMES >= 320, "a part, extended backwards");
_Static_assert((int)RESNET34_CONTEXT % (int)DR_RESNET34_COLUMN_FRAMES == 0 &&
                   (int)RESNET34_PART % (int)DR_RESNET34_COLUMN_FRAMES == 0,
               "parts and their contexts are whole columns");

const struct dr_trunk *dr_trunk_of(enum dr_architecture architecture) {
    return &trunks[architecture];
}

static size_t column_frames(const struct dr_trunk *trunk) {
    return trunk->grid->step / DR_FBANK_STEP;
}

size_t dr_num_columns(const struct dr_trunk *trunk, size_t num_frames) {
    return (num_frames + column_frames(trunk) - 1) / column_frames(trunk);
}

size_t dr_trunk_reach(const struct dr_trunk *trunk) {
    return trunk->min_part + trunk->context + trunk->mean;
}

/* ---- memory ---- */

/* A worker's scratch as one part uses it. */
struct scratch {
    float *features; /* [frames][80] */
    float *columns;  /* all of the part, its context's too */
    float *network;
};

static size_t lay_out(struct scratch *s, float *base, enum dr_architecture architecture) {
    const struct dr_trunk *trunk = &trunks[architecture];
    const size_t frames = trunk->part + trunk->min_part + 2 * trunk->context;
    const size_t features = DR_PADDED(frames * DR_MELS);
    const size_t columns = DR_PADDED(dr_num_columns(trunk, frames) * trunk->column_dim);
    if (s)
        *s = (struct scratch){base, base + features, base + features + columns};
    return features + columns +
           (architecture == DR_COMMUNITY_1 ? dr_resnet34_trunk_scratch(frames)
                                           : dr_campplus_trunk_scratch());
}

size_t dr_trunk_pass_scratch(enum dr_architecture architecture) {
    return lay_out(NULL, NULL, architecture);
}

static size_t round_parts(const struct dr_trunk_pass *pass) {
    return (size_t)pass->workers->num * pass->trunk->parts_per_thread;
}

int dr_trunk_pass_open(struct dr_trunk_pass *pass, struct dr_workers *workers,
                       const struct dr_energies *energies, enum dr_column_rate rate,
                       struct dr_arena *arena, diarist_error *err) {
    const struct dr_trunk *trunk = dr_trunk_of(workers->model->architecture);
    *pass = (struct dr_trunk_pass){
        .trunk = trunk, .workers = workers, .energies = energies, .rate = rate};
    const size_t most =
        round_parts(pass) * dr_num_columns(trunk, trunk->part) + trunk->grid->num_in_chunk;
    pass->columns = dr_arena_alloc(arena, most, trunk->column_dim * sizeof *pass->columns);
    return pass->columns ? DIARIST_OK : dr_fail_memory(err);
}

/* ---- one part ---- */

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

static void subtract(float *features, const struct dr_energies *energies, size_t begin, size_t end,
                     const float *mean) {
    for (size_t t = begin; t < end; t++) {
        const float *frame = dr_energies_frame(energies, t);
        for (size_t m = 0; m < DR_MELS; m++)
            *features++ = frame[m] - mean[m];
    }
}

/* sum += sign * frame t */
static void add_frame(double *sum, const struct dr_energies *energies, size_t t, double sign) {
    const float *frame = dr_energies_frame(energies, t);
    for (size_t m = 0; m < DR_MELS; m++)
        sum[m] += sign * (double)frame[m];
}

/* Minus the mean of `length` frames around each, as many at the recording's ends too. */
static void subtract_around(float *features, const struct dr_energies *energies, size_t begin,
                            size_t end, size_t length) {
    const size_t total = energies->num_frames;
    double sum[DR_MELS] = {0};
    size_t first = 0, last = 0; /* in the sum */
    float mean[DR_MELS];
    length = length < total ? length : total;
    for (size_t t = begin; t < end; t++) {
        size_t from = t > length / 2 ? t - length / 2 : 0;
        from = from < total - length ? from : total - length;
        if (t == begin)
            first = last = from;
        for (; last < from + length; last++)
            add_frame(sum, energies, last, 1.0);
        for (; first < from; first++)
            add_frame(sum, energies, first, -1.0);
        for (size_t m = 0; m < DR_MELS; m++)
            mean[m] = (float)(sum[m] / (double)length);
        subtract(features + (t - begin) * DR_MELS, energies, t, t + 1, mean);
    }
}

/* Frames [begin, end) through the trunk into s->columns. */
static void run_trunk(const struct pass_work *work, const struct scratch *s, size_t begin,
                      size_t end) {
    const struct dr_trunk_pass *pass = work->pass;
    const struct dr_networks *networks = pass->workers->networks;
    if (pass->trunk->mean)
        subtract_around(s->features, pass->energies, begin, end, pass->trunk->mean);
    else
        subtract(s->features, pass->energies, begin, end, work->mean);
    if (networks->resnet34)
        dr_resnet34_trunk(networks->resnet34, s->columns, s->features, end - begin, s->network);
    else
        dr_campplus_trunk(networks->campplus, s->columns, s->features, end - begin,
                          work->pass->rate, s->network);
}

/* One part into its place in columns. */
static void trunk_item(void *context, size_t item, int worker) {
    const struct pass_work *work = context;
    const struct dr_trunk_pass *pass = work->pass;
    const struct dr_trunk *trunk = pass->trunk;
    const size_t per_column = column_frames(trunk);
    size_t begin = pass->num_frames + item * trunk->part, end = begin + trunk->part;
    end = end < work->end_frame ? end : work->end_frame;
    const size_t out_begin = begin / per_column, out_end = dr_num_columns(trunk, end);
    const size_t out_floats = (out_end - out_begin) * trunk->column_dim;
    float *out = pass->columns + (out_begin - pass->first) * trunk->column_dim;
    if (!any_wanted(work->wanted + (out_begin - pass->end), out_end - out_begin)) {
        memset(out, 0, out_floats * sizeof *out);
        return;
    }
    const size_t total = pass->energies->num_frames;
    begin = begin > trunk->context ? begin - trunk->context : 0;
    end = end + trunk->context < total ? end + trunk->context : total;
    if (end - begin < trunk->min_part)
        begin = end < trunk->min_part ? 0 : (end - trunk->min_part) / per_column * per_column;
    struct scratch s;
    lay_out(&s, pass->workers->scratch[worker], pass->workers->model->architecture);
    run_trunk(work, &s, begin, end);
    memcpy(out, s.columns + (out_begin - begin / per_column) * trunk->column_dim,
           out_floats * sizeof *out);
}

/* ---- the pass ---- */

/* Forgets the columns before keep_from. */
static void drop_columns(struct dr_trunk_pass *pass, size_t keep_from) {
    memmove(pass->columns, dr_trunk_column(pass, keep_from),
            (pass->end - keep_from) * pass->trunk->column_dim * sizeof *pass->columns);
    pass->first = keep_from;
}

int dr_trunk_pass_run(struct dr_trunk_pass *pass, size_t end, const float *mean,
                      const uint8_t *wanted, dr_columns_fn *take, void *context,
                      diarist_error *err) {
    const size_t part = pass->trunk->part;
    size_t first_column = pass->end, keep_from;
    int status;
    do {
        size_t num = (end - pass->num_frames + part - 1) / part;
        num = num < round_parts(pass) ? num : round_parts(pass);
        struct pass_work work = {pass, end, mean, wanted + (pass->end - first_column)};
        dr_pool_run(pass->workers->pool, trunk_item, &work, num);
        pass->num_frames += num * part;
        pass->num_frames = pass->num_frames < end ? pass->num_frames : end;
        pass->end = dr_num_columns(pass->trunk, pass->num_frames);
        keep_from = pass->end;
        status = take(context, pass, &keep_from, err);
        drop_columns(pass, keep_from);
    } while (!status && pass->num_frames < end);
    return status;
}
