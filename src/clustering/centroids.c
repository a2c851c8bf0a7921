/* centroids.c - which clusters are speakers, and their voices.
 * SPDX-License-Identifier: MIT */
#include "clustering/centroids.h"

#include <math.h>

size_t dr_centroids_keep(int32_t *speaker, const size_t *size, size_t num_clusters,
                         size_t num_windows, size_t num_samples,
                         const struct dr_cluster_params *params) {
    double length_s = params->min_speaker_length * (double)num_samples / DR_SAMPLE_RATE;
    double share_s = params->min_speaker_share * (double)num_windows * params->hop_s;
    double need_s = fmin(fmax(params->min_speaker_s, length_s), share_s);
    size_t kept = 0, largest = 0;
    for (size_t k = 0; k < num_clusters; k++) {
        largest = size[k] > size[largest] ? k : largest;
        speaker[k] = (double)size[k] >= need_s / params->hop_s ? (int32_t)kept++ : -1;
    }
    if (kept == 0 && num_clusters > 0)
        speaker[largest] = (int32_t)kept++;
    return kept;
}

int dr_centroids_build(struct dr_centroids *out, const struct dr_windows *windows,
                       const int32_t *speaker, size_t num_speakers, struct dr_arena *arena,
                       diarist_error *err) {
    enum { DIM = DR_EMBEDDING_DIM };
    *out = (struct dr_centroids){0};
    float *centroid = dr_arena_alloc(arena, num_speakers, DIM * sizeof *centroid);
    struct dr_arena_mark mark = dr_arena_mark(arena);
    double *sums = dr_arena_zalloc(arena, num_speakers, DIM * sizeof *sums);
    if (!centroid || !sums)
        return dr_fail_memory(err);
    for (size_t w = 0; w < windows->num; w++) {
        float embedding[DIM];
        if (speaker[w] < 0)
            continue;
        dr_window_unpack(embedding, windows, w);
        for (size_t d = 0; d < DIM; d++)
            sums[(size_t)speaker[w] * DIM + d] += embedding[d];
    }
    for (size_t k = 0; k < num_speakers; k++) {
        double squares = 0;
        for (size_t d = 0; d < DIM; d++)
            squares += sums[k * DIM + d] * sums[k * DIM + d];
        for (size_t d = 0; d < DIM; d++)
            centroid[k * DIM + d] = (float)(sums[k * DIM + d] / fmax(sqrt(squares), 1e-9));
    }
    dr_arena_rewind(arena, mark);
    *out = (struct dr_centroids){.num_speakers = num_speakers, .centroid = centroid};
    return DIARIST_OK;
}
