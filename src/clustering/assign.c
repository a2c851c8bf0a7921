/* assign.c - which speaker each local speaker of each chunk is.
 * SPDX-License-Identifier: MIT */
#include "clustering/assign.h"

#include <math.h>
#include <string.h>

enum { Q = DR_LOCAL_SPEAKERS, DIM = DR_EMBEDDING_DIM, TRIED = 4 };

/* The active local speakers of one chunk and the choices they have. */
struct chunk_choice {
    size_t num;                  /* active local speakers */
    int local[Q];                /* which */
    double weight[Q];            /* their w */
    double penalty[Q][Q];        /* of i < j on one speaker */
    int32_t best[Q][TRIED];      /* most similar speakers first */
    double similarity[Q][TRIED]; /* theirs */
    size_t num_best;             /* TRIED, or fewer speakers */
};

static void measure_activity(struct chunk_choice *choice, const uint8_t *active,
                             const struct dr_cluster_params *params) {
    size_t frames[Q] = {0}, together[Q][Q] = {{0}};
    for (size_t f = 0; f < DR_CHUNK_FRAMES; f++) {
        for (int q = 0; q < Q; q++) {
            frames[q] += (active[f] >> q) & 1;
            for (int r = q + 1; r < Q; r++)
                together[q][r] += (active[f] >> q) & (active[f] >> r) & 1;
        }
    }
    choice->num = 0;
    for (int q = 0; q < Q; q++) {
        if (frames[q] > 0) {
            choice->local[choice->num] = q;
            choice->weight[choice->num++] = sqrt(fmin((double)frames[q] * DR_FRAME_S, 4) / 4);
        }
    }
    for (size_t i = 0; i < choice->num; i++) {
        for (size_t j = i + 1; j < choice->num; j++) {
            double overlap_s = (double)together[choice->local[i]][choice->local[j]] * DR_FRAME_S;
            double factor = overlap_s > params->same_overlap_s ? params->same_overlap_penalty
                                                               : params->same_penalty;
            choice->penalty[i][j] = factor * fmin(choice->weight[i], choice->weight[j]);
        }
    }
}

/* similarity [num_speakers] of an embedding to all centroids; 0 without an embedding. */
static void compare(float *similarity, const struct dr_embedding *packed, int has,
                    const struct dr_centroids *centroids) {
    float embedding[DIM] = {0};
    double squares = 0;
    if (has)
        dr_embedding_unpack(embedding, packed);
    for (size_t d = 0; d < DIM; d++)
        squares += (double)embedding[d] * embedding[d];
    double norm = fmax(sqrt(squares), 1e-9);
    for (size_t k = 0; k < centroids->num_speakers; k++) {
        const float *centroid = centroids->centroid + k * DIM;
        double dot = 0;
        for (size_t d = 0; d < DIM; d++)
            dot += (double)embedding[d] * centroid[d];
        similarity[k] = (float)(dot / norm);
    }
}

/* The best speakers for local speaker i, of equals the first. Takes what it picks out of
 * similarity. */
static void pick_best(struct chunk_choice *choice, size_t i, float *similarity,
                      size_t num_speakers) {
    choice->num_best = num_speakers < TRIED ? num_speakers : TRIED;
    for (size_t t = 0; t < choice->num_best; t++) {
        size_t best = 0;
        for (size_t k = 1; k < num_speakers; k++)
            best = similarity[k] > similarity[best] ? k : best;
        choice->best[i][t] = (int32_t)best;
        choice->similarity[i][t] = similarity[best];
        similarity[best] = -INFINITY;
    }
}

static double value_of(const struct chunk_choice *choice, const size_t *pick) {
    double value = 0;
    for (size_t i = 0; i < choice->num; i++)
        value += choice->similarity[i][pick[i]] * choice->weight[i];
    for (size_t i = 0; i < choice->num; i++) {
        for (size_t j = i + 1; j < choice->num; j++) {
            int same = choice->best[i][pick[i]] == choice->best[j][pick[j]];
            value -= same ? choice->penalty[i][j] : 0;
        }
    }
    return value;
}

static void choose_jointly(int32_t *assign, const struct chunk_choice *choice) {
    size_t picks = 1;
    for (size_t i = 0; i < choice->num; i++)
        picks *= choice->num_best;
    double best = -INFINITY;
    for (size_t p = 0; p < picks; p++) {
        size_t pick[Q], rest = p;
        for (size_t i = choice->num; i-- > 0; rest /= choice->num_best)
            pick[i] = rest % choice->num_best; /* the last local speaker changes fastest */
        double value = value_of(choice, pick);
        if (value > best) {
            best = value;
            for (size_t i = 0; i < choice->num; i++)
                assign[choice->local[i]] = choice->best[i][pick[i]];
        }
    }
}

int dr_assign_local_speakers(int32_t *assign, const struct dr_segmentation *segmentation,
                             const struct dr_local_embeddings *local,
                             const struct dr_centroids *centroids,
                             const struct dr_cluster_params *params, struct dr_arena *arena,
                             diarist_error *err) {
    struct dr_arena_mark mark = dr_arena_mark(arena);
    size_t num_speakers = centroids->num_speakers;
    float *similarity = dr_arena_alloc(arena, num_speakers, sizeof *similarity);
    if (!similarity)
        return dr_fail_memory(err);
    for (size_t c = 0; c < segmentation->num_chunks; c++) {
        struct chunk_choice choice;
        int32_t *speaker = assign + c * Q;
        for (int q = 0; q < Q; q++)
            speaker[q] = DR_NOBODY;
        measure_activity(&choice, segmentation->active + c * DR_CHUNK_FRAMES, params);
        if (num_speakers == 0) {
            for (size_t i = 0; i < choice.num; i++)
                speaker[choice.local[i]] = 0;
            continue;
        }
        for (size_t i = 0; i < choice.num; i++) {
            size_t at = c * Q + (size_t)choice.local[i];
            compare(similarity, local->embedding + at, local->has[at], centroids);
            pick_best(&choice, i, similarity, num_speakers);
        }
        choose_jointly(speaker, &choice);
    }
    dr_arena_rewind(arena, mark);
    return DIARIST_OK;
}
