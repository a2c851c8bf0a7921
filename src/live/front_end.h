/* front_end.h - what a live stream hears: of the last 10 seconds who talks, and with what voice.
 * SPDX-License-Identifier: MIT
 *
 * samples -> sinc layer -> chunk of the last 10 s, every step -> segmentation -> active, ...
 *         -> frames -> energies - mean over speech -> trunk       -> columns
 *                           columns, count  -> windows of 1.5 s every 0.3 s
 *                           columns, active -> local speakers of the chunk
 * The sinc layer's output, each frame and column is made once and kept for as long as a chunk
 * reaches; but while there are less than 10 s, all samples are kept, and the first chunk is made
 * anew at every step, filled up with its mirror image. Chunk i starts at i * step. */
#ifndef DR_LIVE_FRONT_END_H
#define DR_LIVE_FRONT_END_H

#include "embedding/campplus.h"
#include "live/params.h"
#include "pipeline/model.h"
#include "pipeline/speech_mean.h"
#include "pipeline/voices.h"
#include "reconstruct/count.h"
#include "segmentation/sincnet.h"
#include "types.h"

enum {
    DR_LIVE_FINE_WINDOWS = 64, /* that are kept: 19 s */
    DR_LIVE_PARTIAL_WINDOWS = DR_HALF_WINDOW / DR_FINE_HOP + 1
};

struct dr_front_end {
    const struct diarist_model *model;
    const struct dr_networks *networks;
    size_t step, max_chunks;
    struct dr_reconstruct_params reconstruct;

    float *samples; /* [first_sample, num_samples) of the stream */
    size_t first_sample, num_samples;
    size_t heard;     /* samples up to the last step's end */
    size_t sound_end; /* those from here to there are silent */
    /* All samples while there are less than 10 s; then the past, and behind it the last samples. */
    void *memory;
    struct dr_sincnet_past past;
    float *recent;

    /* Chunks [first_chunk, first_chunk + num_chunks). */
    size_t first_chunk, num_chunks;
    uint8_t *active, *marginal; /* as in dr_segmentation */
    struct dr_embedding *local; /* [max_chunks][3] */
    uint8_t *has_local;
    struct dr_chunk_marginals *marginals; /* of the last one */
    struct dr_counter counter;
    uint8_t count[DR_COUNTER_FRAMES]; /* from counter.first on, as far as is known */
    size_t num_frames;                /* end of what the last chunk says */

    float *energies; /* frames [first_energy, num_energies) */
    size_t first_energy, num_energies, max_energies;
    size_t part;                    /* frames that the trunk begins with */
    struct dr_campplus_past *trunk; /* what it has heard, up to the last column, or nothing */
    struct dr_speech_mean mean;
    void *columns; /* [first_column, num_columns): floats, or halves in 16 bits */
    size_t first_column, num_columns;

    size_t next_centre;          /* column of the next window */
    size_t num_windows, num_new; /* kept; the last num_new are of the last step */
    size_t num_partial; /* behind them: those that reach beyond the audio, anew at every step */
    size_t window_centre[DR_LIVE_FINE_WINDOWS + DR_LIVE_PARTIAL_WINDOWS]; /* columns */
    struct dr_embedding window[DR_LIVE_FINE_WINDOWS + DR_LIVE_PARTIAL_WINDOWS];
};

/* Bytes that it takes of an arena. */
size_t dr_front_end_bytes(const struct dr_live_params *params, enum dr_precision precision);

/* Memory lives in arena. DIARIST_ERROR_MEMORY. */
int dr_front_end_open(struct dr_front_end *fe, const struct diarist_model *model,
                      const struct dr_networks *networks, const struct dr_live_params *params,
                      struct dr_arena *arena, diarist_error *err);

/* Takes samples (NULL: silence) up to a step beyond the one that is due; returns how many. */
size_t dr_front_end_feed(struct dr_front_end *fe, const float *samples, size_t n);

/* Samples up to which the next step goes. */
size_t dr_front_end_due(const struct dr_front_end *fe);

/* Floats of scratch of a step's parts. */
size_t dr_front_end_scratch(void);

/* Begins the next step, which ends with sample number `end`: the due one, or before it when the
 * stream ends there. 0 when all of its chunk is silence: the network need not run. */
int dr_front_end_hear(struct dr_front_end *fe, size_t end, float *scratch);

/* What the network's convolutions make of the chunk: column `index` of sequence[589][batch][60]. */
void dr_front_end_convolve(const struct dr_front_end *fe, float *sequence, size_t index,
                           size_t batch, size_t end, float *scratch);

/* Does the step, given what the network says of its chunk: logprob [589][7], NULL: nobody talks. */
void dr_front_end_step(struct dr_front_end *fe, const float *logprob, size_t end, int last,
                       float *scratch);

/* count at a frame that the last chunk reaches. */
static inline uint8_t dr_front_end_count(const struct dr_front_end *fe, size_t frame) {
    return frame < fe->num_frames ? fe->count[frame - fe->counter.first] : 0;
}

#endif
