/* split.c - the windows of a voice put on two.
 * SPDX-License-Identifier: MIT */
#include "clustering/split.h"

#include <math.h>
#include <string.h>

enum { DIM = DR_EMBEDDING_DIM, ROUNDS = 10 };

float dr_dot(const float *a, const float *b) {
    double sum = 0;
    for (size_t d = 0; d < DIM; d++)
        sum += (double)a[d] * b[d];
    return (float)sum;
}

/* The window of a cluster that is least similar to a direction, of equals the first; not `except`.
 */
static size_t least_similar(const struct dr_windows *windows, const int32_t *cluster,
                            int32_t wanted, const float *direction, size_t except) {
    size_t worst = windows->num;
    float lowest = INFINITY;
    for (size_t w = 0; w < windows->num; w++) {
        if (cluster[w] != wanted || w == except)
            continue;
        float embedding[DIM];
        dr_window_unpack(embedding, windows, w);
        float similarity = dr_dot(embedding, direction);
        if (worst == windows->num || similarity < lowest) {
            worst = w;
            lowest = similarity;
        }
    }
    return worst;
}

/* Directions of the windows of two clusters, which are numbered 0 and 1 in side. */
static void add_directions(float sum[2][DIM], const struct dr_windows *windows,
                           const int32_t *cluster, int32_t first, int32_t second) {
    memset(sum, 0, 2 * sizeof sum[0]);
    for (size_t w = 0; w < windows->num; w++) {
        float *to = cluster[w] == first ? sum[0] : cluster[w] == second ? sum[1] : NULL;
        float embedding[DIM];
        if (!to)
            continue;
        dr_window_unpack(embedding, windows, w);
        for (size_t d = 0; d < DIM; d++)
            to[d] += embedding[d];
    }
    for (int side = 0; side < 2; side++) {
        float norm = fmaxf(sqrtf(dr_dot(sum[side], sum[side])), 1e-9f);
        for (size_t d = 0; d < DIM; d++)
            sum[side][d] /= norm;
    }
}

void dr_split_cluster(int32_t *cluster, float direction[2][DIM], const struct dr_windows *windows,
                      int32_t old, int32_t new) {
    add_directions(direction, windows, cluster, old, new);
    size_t a = least_similar(windows, cluster, old, direction[0], windows->num);
    dr_window_unpack(direction[0], windows, a);
    size_t b = least_similar(windows, cluster, old, direction[0], a);
    dr_window_unpack(direction[1], windows, b);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t w = 0; w < windows->num; w++) {
            if ((cluster[w] == old || cluster[w] == new) && w != a && w != b) {
                float embedding[DIM];
                dr_window_unpack(embedding, windows, w);
                int second = dr_dot(embedding, direction[1]) > dr_dot(embedding, direction[0]);
                cluster[w] = second ? new : old;
            }
        }
        cluster[a] = old; /* so that neither side is ever empty */
        cluster[b] = new;
        add_directions(direction, windows, cluster, old, new);
    }
}
