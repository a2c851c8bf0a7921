/* packing.h - plain arrays into the forms that stages pass on.
 * SPDX-License-Identifier: MIT */
#ifndef TEST_CLUSTERING_PACKING_H
#define TEST_CLUSTERING_PACKING_H

#include "base/arena.h"
#include "reconstruct/count.h"

#include <math.h>

/* Packs num embeddings; values [num][192] become what they can be unpacked to. Lives in arena. */
static inline struct dr_embedding *pack_embeddings(float *values, size_t num,
                                                   struct dr_arena *arena) {
    struct dr_embedding *packed = dr_arena_alloc(arena, num, sizeof *packed);
    for (size_t i = 0; i < num; i++) {
        dr_embedding_pack(&packed[i], values + i * DR_EMBEDDING_DIM);
        dr_embedding_unpack(values + i * DR_EMBEDDING_DIM, &packed[i]);
    }
    return packed;
}

/* What the counter makes of the chunks of a segmentation, one after another: count, speech
 * [dr_num_frames]. logprob [num_chunks][589][7]. Sets the segmentation's marginals. */
static inline void count_speakers(uint8_t *count, float *speech,
                                  struct dr_segmentation *segmentation, const float *logprob,
                                  const struct dr_reconstruct_params *params,
                                  struct dr_arena *arena) {
    struct dr_counter *counter = dr_arena_alloc(arena, 1, sizeof *counter);
    struct dr_chunk_marginals *marginals = dr_arena_alloc(arena, 1, sizeof *marginals);
    size_t chunk = (size_t)DR_CHUNK_FRAMES * DR_LOCAL_SPEAKERS, end;
    uint8_t *packed = dr_arena_alloc(arena, segmentation->num_chunks, chunk);
    dr_counter_open(counter);
    for (size_t c = 0; c < segmentation->num_chunks; c++) {
        end = (size_t)nearbyint((double)(c * segmentation->step) / 270);
        dr_counter_settle(counter, count + counter->first, speech + counter->first, end);
        dr_marginals(marginals, logprob + c * DR_CHUNK_FRAMES * DR_CLASSES, params);
        dr_marginals_pack(packed + c * chunk, marginals);
        dr_counter_add(counter, marginals);
    }
    end = dr_num_frames(segmentation->num_samples);
    dr_counter_settle(counter, count + counter->first, speech + counter->first, end);
    segmentation->marginal = packed;
}

#endif
