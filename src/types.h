/* types.h - the nouns that pass between stages.
 * SPDX-License-Identifier: MIT
 *
 * Time is counted in four grids, all starting at the first sample of the recording:
 *
 *   grid      step               centre of item i, samples     used by
 *   sample    1/16000 s          i
 *   fbank     160 samples        160 i + 200                   features
 *   column    320 samples        320 j + 280                   CAM++ trunk, embeddings
 *   frame     270 samples        270 f + 495.5                 segmentation, turns
 *
 * A *chunk* is one 10-s segmentation window of 589 frames; a *local speaker* is one of the three
 * speakers that the network tells apart inside it, a *speaker* is one of the whole recording. */
#ifndef DR_TYPES_H
#define DR_TYPES_H

#include <stddef.h>
#include <stdint.h>

enum {
    DR_SAMPLE_RATE = 16000,
    DR_CHUNK_SAMPLES = 160000, /* 10 s */
    DR_CHUNK_FRAMES = 589,
    DR_FRAME_STEP = 270,     /* samples */
    DR_FRAME_DURATION = 991, /* samples: receptive field of one frame */
    DR_CLASSES = 7,          /* powerset: {} 0 1 2 01 02 12 */
    DR_LOCAL_SPEAKERS = 3,
    DR_FBANK_STEP = 160, /* samples */
    DR_FBANK_LENGTH = 400,
    DR_MELS = 80,
    DR_COLUMN_STEP = 320, /* samples */
    DR_COLUMN_CENTRE = 280,
    DR_COLUMN_DIM = 512,
    DR_EMBEDDING_DIM = 192,
    DR_CHUNK_COLUMNS = 500 /* of one segmentation window */
};

#define DR_FRAME_S (270.0 / 16000.0)
/* Time of the middle of frame 0, from the start of its chunk. */
#define DR_FRAME_MIDDLE_S (DR_FRAME_DURATION / 2.0 / DR_SAMPLE_RATE)
/* Time of the left edge of frame 0: half a step before its centre at 495.5 samples. */
#define DR_FRAME_OFFSET_S (495.5 / 16000.0 - DR_FRAME_S / 2)

/* Segmentation of a recording: what later stages need of what the network said of every chunk, in 4
 * bytes a frame.
 * active[num_chunks][589]: bit q set = local speaker q talks (argmax decoding).
 * marginal[num_chunks][589][3]: probability that local speaker q talks, in 255ths. */
struct dr_segmentation {
    size_t num_chunks;
    size_t step;        /* samples between chunk starts: chunk i starts at i * step */
    size_t num_samples; /* of the recording */
    const uint8_t *active, *marginal;
};

enum { DR_MARGINAL_ONE = 255 };

/* Of a frame's active local speakers: the one who talks alone, as a bit, or 0. */
static inline uint8_t dr_clean(uint8_t active) {
    return active & (active - 1) ? 0 : active;
}

/* An embedding, a byte a value: value d is low + step * code[d], off by step / 2 at most. */
struct dr_embedding {
    float low, step;
    uint8_t code[DR_EMBEDDING_DIM];
};

static inline void dr_embedding_pack(struct dr_embedding *to, const float *values) {
    float low = values[0], high = values[0];
    for (size_t d = 1; d < DR_EMBEDDING_DIM; d++) {
        low = values[d] < low ? values[d] : low;
        high = values[d] > high ? values[d] : high;
    }
    float per_step = high > low ? 255 / (high - low) : 0;
    to->low = low;
    to->step = (high - low) / 255;
    for (size_t d = 0; d < DR_EMBEDDING_DIM; d++)
        to->code[d] = (uint8_t)((values[d] - low) * per_step + 0.5f);
}

static inline void dr_embedding_unpack(float *values, const struct dr_embedding *from) {
    for (size_t d = 0; d < DR_EMBEDDING_DIM; d++)
        values[d] = from->low + from->step * (float)from->code[d];
}

/* Embeddings of short windows along the recording, of unit length before they were packed.
 * centre_s[num]. row[num]: where the embedding of window i lies; NULL: at i. */
struct dr_windows {
    size_t num;
    double *centre_s;
    struct dr_embedding *embedding;
    const uint32_t *row;
};

/* values[192] of window i. */
static inline void dr_window_unpack(float *values, const struct dr_windows *windows, size_t i) {
    dr_embedding_unpack(values, windows->embedding + (windows->row ? windows->row[i] : i));
}

/* One embedding per local speaker: [num_chunks][3], not normalised; of no meaning where has is 0.
 */
struct dr_local_embeddings {
    struct dr_embedding *embedding;
    uint8_t *has; /* [num_chunks][3] */
};

/* Result of clustering: unit centroids [num_speakers][192]. */
struct dr_centroids {
    size_t num_speakers;
    float *centroid;
};

/* A stretch of one speaker's talk. */
struct dr_turn {
    double start_s, end_s;
    int32_t speaker;
    float confidence; /* 0 to 1 */
    int overlap;      /* another speaker talks during part of it */
};

#endif
