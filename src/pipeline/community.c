/* community.c - who spoke when, as pyannote.audio's community-1 decides it.
 * SPDX-License-Identifier: MIT */
#include "pipeline/community.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "reconstruct/votes.h"

/* to [256] = from, of unit length; zeros where it has none. */
static void normalise(float *to, const double *from) {
    double squares = 0.0;
    for (size_t d = 0; d < DR_XVECTOR_DIM; d++)
        squares += from[d] * from[d];
    const double factor = squares > 0.0 ? 1.0 / sqrt(squares) : 0.0;
    for (size_t d = 0; d < DR_XVECTOR_DIM; d++)
        to[d] = (float)(from[d] * factor);
}

/* The centroids in the order in which the speakers appear. One that only the count asks for, whom
 * no local speaker was put on, has none: zeros. */
static int keep_embeddings(struct diarist_result *result,
                           const struct dr_community1_clusters *clusters, diarist_error *err) {
    static const double nobody[DR_XVECTOR_DIM];
    const size_t num = result->turns.num_speakers;
    if (!num)
        return DIARIST_OK;
    result->embedding_dim = DR_XVECTOR_DIM;
    result->embedding =
        dr_arena_alloc(&result->arena, num, DR_XVECTOR_DIM * sizeof *result->embedding);
    if (!result->embedding)
        return dr_fail_memory(err);
    for (size_t i = 0; i < num; i++) {
        const size_t speaker = result->turns.order[i];
        normalise(result->embedding + i * DR_XVECTOR_DIM,
                  speaker < clusters->num_speakers ? clusters->centroid + speaker * DR_XVECTOR_DIM
                                                   : nobody);
    }
    return DIARIST_OK;
}

/* Whoever is active in a chunk has an embedding. */
static int keep_stages(struct diarist_result *result, const struct diarist_recording *r,
                       const struct dr_segmentation *segmentation,
                       const struct dr_community1_clusters *clusters, struct dr_arena *arena,
                       diarist_error *err) {
    struct dr_kept *kept = &result->kept;
    int status = dr_keep_chunks(kept, segmentation, &result->arena, err);
    if (!status)
        status = dr_keep_voices(kept, clusters->hard, DR_XVECTOR_DIM, &result->arena, err);
    if (status)
        return status;
    for (size_t c = 0; c < kept->num_chunks; c++) {
        unsigned active = 0;
        for (size_t f = 0; f < DR_CHUNK_FRAMES; f++)
            active |= segmentation->active[c * DR_CHUNK_FRAMES + f];
        for (size_t q = 0; q < DR_LOCAL_SPEAKERS; q++) {
            const size_t at = (c * DR_LOCAL_SPEAKERS + q) * DR_XVECTOR_DIM;
            if (active >> q & 1)
                memcpy(kept->embedding + at, r->voices.embedding + at,
                       DR_XVECTOR_DIM * sizeof *kept->embedding);
        }
    }
    return dr_keep_speakers(kept, &result->turns, clusters->num_speakers, arena, err);
}

int dr_community_stages(struct diarist_result *result, struct diarist_recording *r,
                        struct dr_arena *arena, diarist_error *err) {
    double clock = dr_clock_s();
    const struct dr_segmentation segmentation = dr_segments_view(&r->segments, r->num_samples);
    struct dr_community1_clusters clusters = {0};

    /* Local speakers who talk alone long enough are clustered, then all are put on the centroids.
     */
    int status = dr_recording_progress(r, DIARIST_STAGE_CLUSTERING, 0.0, err);
    if (!status)
        status = dr_community1_cluster(&clusters, &segmentation, r->voices.embedding,
                                       &r->workers.model->plda, &r->plan.community1, arena, err);
    dr_recording_lap(&r->timing.clustering, &clock);

    /* The chunks that cover a frame vote on who talks in it. */
    if (!status)
        status = dr_recording_progress(r, DIARIST_STAGE_RECONSTRUCT, 0.0, err);
    if (status)
        return status;
    const size_t most = r->plan.community1.max_speakers;
    status = dr_reconstruct_votes(
        &result->turns, &segmentation, clusters.hard, clusters.num_speakers,
        most && most < DR_LOCAL_SPEAKERS ? (unsigned)most : DR_LOCAL_SPEAKERS,
        (double)r->num_samples / DR_SAMPLE_RATE, &r->plan.reconstruct, &result->arena, err);
    if (!status)
        status = keep_embeddings(result, &clusters, err);
    if (!status && r->plan.keep_stages)
        status = keep_stages(result, r, &segmentation, &clusters, arena, err);
    dr_recording_lap(&r->timing.reconstruct, &clock);
    return status ? status : dr_recording_progress(r, DIARIST_STAGE_RECONSTRUCT, 1.0, err);
}
