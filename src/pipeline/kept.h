/* kept.h - what a result keeps of the stages, when it is asked to.
 * SPDX-License-Identifier: MIT
 *
 * chunks: who is active, and of each local speaker the embedding and the cluster that it was put on
 * windows (of the default pipeline): the same along the recording
 * Everything lives in an arena of the caller. */
#ifndef DR_PIPELINE_KEPT_H
#define DR_PIPELINE_KEPT_H

#include "base/arena.h"
#include "diarist/diarist.h"
#include "reconstruct/turns.h"
#include "types.h"

struct dr_kept {
    int is_kept;             /* chunks are, of which a recording may have none */
    size_t num_chunks, step; /* samples between chunks */
    uint8_t *active;         /* [num_chunks][589][3] 1: talks */

    size_t dim;       /* of embeddings; 0: there are none */
    float *embedding; /* [num_chunks][3][dim], NAN where there is none */
    int32_t *cluster; /* [num_chunks][3], -1: none */
    int32_t *speaker; /* [num_chunks][3] of the result; -1: none */

    size_t num_windows;
    double *window_start_s, *window_end_s;
    float *window_embedding; /* [num_windows][dim] */
    int32_t *window_cluster, *window_speaker;
};

/* All return DIARIST_OK or DIARIST_ERROR_MEMORY. */

int dr_keep_chunks(struct dr_kept *kept, const struct dr_segmentation *segmentation,
                   struct dr_arena *arena, diarist_error *err);

/* Room for the embeddings of local speakers, none of which has one yet. assign: [num_chunks][3],
 * negative: nobody; copied. */
int dr_keep_voices(struct dr_kept *kept, const int32_t *assign, size_t dim, struct dr_arena *arena,
                   diarist_error *err);

/* half_s: from a window's centre to its ends, which lie within duration_s. cluster: of each window,
 * -1: none; copied. Windows come after voices. */
int dr_keep_windows(struct dr_kept *kept, const struct dr_windows *windows, const int32_t *cluster,
                    double half_s, double duration_s, struct dr_arena *arena, diarist_error *err);

/* Says which speaker of the turns each cluster is, once both are kept. num_clusters: above any. */
int dr_keep_speakers(struct dr_kept *kept, const struct dr_turns *turns, size_t num_clusters,
                     struct dr_arena *arena, diarist_error *err);

#endif
