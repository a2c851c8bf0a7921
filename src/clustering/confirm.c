/* confirm.c - which clusters are speakers of their own.
 * SPDX-License-Identifier: MIT
 *
 * links -> spread of one speaker's windows;  windows of clusters -> (x - mean) / spread -> VBx
 *   -> weights of the clusters */
#include "clustering/confirm.h"

#include <math.h>

enum { DIM = DR_EMBEDDING_DIM, MIN_PAIRS = 10 };

#define WINDOW_S 1.5

/* Variance, per dimension, of windows about their speaker. Two of one speaker are twice as far. */
static double variance_within(const struct dr_windows *windows, const struct dr_links *links,
                              double otherwise) {
    double squares = 0, pairs = 0;
    float a[DIM], b[DIM];
    for (size_t u = 0; u < windows->num; u++) {
        dr_window_unpack(a, windows, u);
        for (size_t d = 0; d < links->band && u + 1 + d < windows->num; d++) {
            size_t v = u + 1 + d;
            double same = links->same[u * links->band + d], distance = 0;
            if (same == 0 || windows->centre_s[v] - windows->centre_s[u] <= WINDOW_S)
                continue;
            dr_window_unpack(b, windows, v);
            for (size_t i = 0; i < DIM; i++)
                distance += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
            squares += same * distance;
            pairs += same;
        }
    }
    return pairs < MIN_PAIRS || squares <= 0 ? otherwise : squares / (2 * pairs * DIM);
}

/* What takes part: every stride-th window of a cluster. */
struct sample {
    size_t num, stride;
    double *feature; /* [num][192] */
    int32_t *label;  /* [num] */
};

static int draw(struct sample *out, const struct dr_windows *windows, const int32_t *speaker,
                size_t limit, struct dr_arena *arena) {
    size_t num = 0, next = 0;
    for (size_t w = 0; w < windows->num; w++)
        num += speaker[w] >= 0;
    out->stride = num > limit ? (num + limit - 1) / limit : 1;
    out->num = (num + out->stride - 1) / out->stride;
    out->feature = dr_arena_alloc(arena, out->num, DIM * sizeof *out->feature);
    out->label = dr_arena_alloc(arena, out->num, sizeof *out->label);
    if (!out->feature || !out->label)
        return -1;
    for (size_t w = 0; w < windows->num; w++) {
        float embedding[DIM];
        if (speaker[w] < 0 || next++ % out->stride)
            continue;
        size_t i = (next - 1) / out->stride;
        out->label[i] = speaker[w];
        dr_window_unpack(embedding, windows, w);
        for (size_t d = 0; d < DIM; d++)
            out->feature[i * DIM + d] = embedding[d];
    }
    return 0;
}

/* About their mean, in units of the spread within a speaker. */
static void standardise(const struct sample *sample, double variance) {
    double mean[DIM] = {0};
    for (size_t i = 0; i < sample->num; i++)
        for (size_t d = 0; d < DIM; d++)
            mean[d] += sample->feature[i * DIM + d];
    for (size_t i = 0; i < sample->num; i++)
        for (size_t d = 0; d < DIM; d++) {
            double *x = &sample->feature[i * DIM + d];
            *x = (*x - mean[d] / (double)sample->num) / sqrt(variance);
        }
}

int dr_confirm_speakers(uint8_t *confirmed, const struct dr_windows *windows,
                        const struct dr_links *links, const int32_t *speaker, size_t num_speakers,
                        const struct dr_confirm_params *params, struct dr_arena *arena,
                        diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    struct sample sample;
    struct dr_vbx vbx;
    double between[DIM];
    size_t heaviest = 0;
    if (draw(&sample, windows, speaker, params->max_windows, arena))
        return dr_fail_memory(err);
    standardise(&sample, variance_within(windows, links, params->variance_within));
    for (size_t d = 0; d < DIM; d++)
        between[d] = 1;
    struct dr_vbx_params vbx_params = params->vbx;
    vbx_params.Fa *= (double)sample.stride; /* each stands for the ones left out */
    int status = dr_vbx_run(&vbx, sample.feature, sample.num, DIM, sample.label, num_speakers,
                            between, &vbx_params, arena, err);
    for (size_t k = 0; k < num_speakers && !status; k++) {
        confirmed[k] = vbx.pi[k] > params->min_pi;
        heaviest = vbx.pi[k] > vbx.pi[heaviest] ? k : heaviest;
    }
    if (!status)
        confirmed[heaviest] = 1;
    dr_arena_rewind(arena, mark);
    return status;
}
