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
    DR_COLUMNS_PER_SECOND = 50,
    DR_COLUMN_DIM = 512,
    DR_EMBEDDING_DIM = 192,
    DR_CHUNK_COLUMNS = 500 /* of one segmentation window */
};

#define DR_FRAME_S (270.0 / 16000.0)
/* Time of the left edge of frame 0: half a step before its centre at 495.5 samples. */
#define DR_FRAME_OFFSET_S (495.5 / 16000.0 - DR_FRAME_S / 2)

/* Segmentation of a recording: what the network said of every chunk.
 * logprob[num_chunks][589][7]: natural-log probabilities of the powerset classes.
 * active, clean [num_chunks][589]: bit q set = local speaker q talks (argmax decoding); clean keeps
 * it only on frames with exactly one speaker. */
struct dr_segmentation {
    size_t num_chunks;
    size_t step;        /* samples between chunk starts: chunk i starts at i * step */
    size_t num_samples; /* of the recording */
    const float *logprob;
    const uint8_t *active, *clean;
};

/* Embeddings of short windows along the recording, unit length.
 * centre_s[num], embedding[num][192]. */
struct dr_windows {
    size_t num;
    double *centre_s;
    float *embedding;
};

/* One embedding per local speaker: [num_chunks][3][192], not normalised; all zeros where has is 0.
 */
struct dr_local_embeddings {
    float *embedding;
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
