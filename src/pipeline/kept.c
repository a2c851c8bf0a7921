/* kept.c - what a result keeps of the stages, when it is asked to.
 * SPDX-License-Identifier: MIT */
#include "pipeline/kept.h"

#include "base/error.h"

#include <math.h>

enum { Q = DR_LOCAL_SPEAKERS, FRAMES = DR_CHUNK_FRAMES };

int dr_keep_chunks(struct dr_kept *kept, const struct dr_segmentation *segmentation,
                   struct dr_arena *arena, diarist_error *err) {
    const size_t num = segmentation->num_chunks * FRAMES;
    kept->active = dr_arena_alloc(arena, num + 1, Q);
    if (!kept->active)
        return dr_fail_memory(err);
    for (size_t f = 0; f < num; f++)
        for (unsigned q = 0; q < Q; q++)
            kept->active[f * Q + q] = segmentation->active[f] >> q & 1;
    kept->is_kept = 1;
    kept->num_chunks = segmentation->num_chunks;
    kept->step = segmentation->step;
    return DIARIST_OK;
}

/* Nobody has many names: not active, left over, too small a cluster. */
static void copy_clusters(int32_t *to, const int32_t *from, size_t num) {
    for (size_t i = 0; i < num; i++)
        to[i] = from[i] < 0 ? -1 : from[i];
}

int dr_keep_voices(struct dr_kept *kept, const int32_t *assign, size_t dim, struct dr_arena *arena,
                   diarist_error *err) {
    const size_t num = kept->num_chunks * Q;
    kept->embedding = dr_arena_alloc(arena, num + 1, dim * sizeof *kept->embedding);
    kept->cluster = dr_arena_alloc(arena, num + 1, sizeof *kept->cluster);
    kept->speaker = dr_arena_alloc(arena, num + 1, sizeof *kept->speaker);
    if (!kept->embedding || !kept->cluster || !kept->speaker)
        return dr_fail_memory(err);
    kept->dim = dim;
    for (size_t i = 0; i < num * dim; i++)
        kept->embedding[i] = NAN;
    copy_clusters(kept->cluster, assign, num);
    return DIARIST_OK;
}

int dr_keep_windows(struct dr_kept *kept, const struct dr_windows *windows, const int32_t *cluster,
                    double half_s, double duration_s, struct dr_arena *arena, diarist_error *err) {
    const size_t num = windows->num;
    kept->window_start_s = dr_arena_alloc(arena, num + 1, sizeof(double));
    kept->window_end_s = dr_arena_alloc(arena, num + 1, sizeof(double));
    kept->window_embedding = dr_arena_alloc(arena, num + 1, kept->dim * sizeof(float));
    kept->window_cluster = dr_arena_alloc(arena, num + 1, sizeof(int32_t));
    kept->window_speaker = dr_arena_alloc(arena, num + 1, sizeof(int32_t));
    if (!kept->window_start_s || !kept->window_end_s || !kept->window_embedding ||
        !kept->window_cluster || !kept->window_speaker)
        return dr_fail_memory(err);
    for (size_t i = 0; i < num; i++) {
        kept->window_start_s[i] = fmax(windows->centre_s[i] - half_s, 0.0);
        kept->window_end_s[i] = fmin(windows->centre_s[i] + half_s, duration_s);
        dr_window_unpack(kept->window_embedding + i * kept->dim, windows, i);
    }
    copy_clusters(kept->window_cluster, cluster, num);
    kept->num_windows = num;
    return DIARIST_OK;
}

static void name_clusters(int32_t *speaker, const int32_t *cluster, size_t num,
                          const int32_t *name) {
    for (size_t i = 0; i < num; i++)
        speaker[i] = cluster[i] < 0 ? -1 : name[cluster[i]];
}

int dr_keep_speakers(struct dr_kept *kept, const struct dr_turns *turns, size_t num_clusters,
                     struct dr_arena *arena, diarist_error *err) {
    int32_t *name = dr_arena_alloc(arena, num_clusters + 1, sizeof *name);
    if (!name)
        return dr_fail_memory(err);
    for (size_t k = 0; k <= num_clusters; k++)
        name[k] = -1;
    for (size_t i = 0; i < turns->num_speakers; i++)
        if (turns->order[i] < num_clusters)
            name[turns->order[i]] = (int32_t)i;
    name_clusters(kept->speaker, kept->cluster, kept->num_chunks * Q, name);
    name_clusters(kept->window_speaker, kept->window_cluster, kept->num_windows, name);
    return DIARIST_OK;
}
