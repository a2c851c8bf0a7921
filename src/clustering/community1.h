/* community1.h - who is who, as pyannote.audio's community-1 decides it (VBxClustering).
 * SPDX-License-Identifier: MIT
 *
 * segmentation, embeddings -> those of speakers who talk alone [n][256]
 *   of unit length -> centroid linkage -> cut at ahc_threshold -> clusters to begin with [n]
 *   PLDA [n][128], clusters -> VBx -> gamma [n][S], pi [S]
 *   speakers with pi > min_pi -> centroids [K][256] -> all embeddings: score, hard clusters
 * More or fewer speakers than were asked for: k-means on the embeddings of unit length gives the
 * centroids, and local speakers of a chunk may share a speaker. All in double. */
#ifndef DR_CLUSTERING_COMMUNITY1_H
#define DR_CLUSTERING_COMMUNITY1_H

#include "clustering/plda.h"
#include "clustering/vbx.h"
#include "types.h"

struct dr_community1_params {
    double min_clean_ratio; /* of a chunk, to take part in the clustering */
    double ahc_threshold;   /* distance of unit vectors */
    struct dr_vbx_params vbx;
    double min_pi;                     /* speakers with less are dropped */
    size_t min_speakers, max_speakers; /* 0: no bound; equal: that many */
};

extern const struct dr_community1_params dr_community1_defaults;

/* What is made on the way; NULL where it was not needed. */
struct dr_community1_stages {
    size_t num_training;
    const uint32_t *training; /* [num_training] local speakers, 3 * chunk + speaker */
    const int32_t *ahc;       /* [num_training] clusters to begin with */
    struct dr_vbx vbx;
};

struct dr_community1_clusters {
    size_t num_speakers; /* K */
    int32_t *hard;       /* [num_chunks][3] speaker; DR_NOBODY: left over, or never active */
    double *score;       /* [num_chunks][3][K] 1 + cosine to the centroid */
    double *centroid;    /* [K][256] means of the embeddings, weighted by gamma */
    int forced;          /* k-means had to make it as many speakers as were asked for */
    struct dr_community1_stages stages;
};

/* embeddings [num_chunks][3][256], one per local speaker; NaN: none. Everything in out lives in
 * arena. With fewer than two embeddings to cluster there is one speaker, with a centroid of 0 when
 * there is none. No more speakers than these embeddings can be had. Scores of an embedding without
 * direction are NaN, of a local speaker who is never active the lowest less 1.
 * Peak memory, n embeddings and S clusters to begin with: 3.1 KiB n + 8 n S bytes.
 * DIARIST_ERROR_ARGUMENT: min_speakers above max_speakers. DIARIST_ERROR_MEMORY. */
int dr_community1_cluster(struct dr_community1_clusters *out,
                          const struct dr_segmentation *segmentation, const float *embeddings,
                          const struct dr_plda *plda, const struct dr_community1_params *params,
                          struct dr_arena *arena, diarist_error *err);

#endif
