/* stream.h - a live stream: who speaks, as samples come.
 * SPDX-License-Identifier: MIT
 *
 * samples -> front end -> windows -> speakers so far -> centroids
 *                      -> the last chunks, their local speakers put on centroids
 *                                    -> activity -> runs of frames -> turns -> events */
#ifndef DR_LIVE_STREAM_H
#define DR_LIVE_STREAM_H

#include "diarist/stream.h"
#include "live/front_end.h"
#include "live/speakers.h"
#include "live/turns.h"

struct diarist_stream {
    const struct diarist_model *model;
    struct diarist_stream_group *group;
    int owns_group;
    struct dr_live_params params;
    struct dr_arena arena;
    struct dr_front_end front_end;
    struct dr_live_speakers speakers;
    struct dr_live_turns turns;
    size_t linked;                /* samples up to the end of the last chunk that was linked */
    diarist_recording *recording; /* of options.keep_result; NULL: not wanted */
    enum { DR_STREAM_OPEN, DR_STREAM_FINISHED, DR_STREAM_FAILED } state;
};

/* Bytes of the arena, emptied before, that a step takes at most; floats of scratch. */
size_t dr_stream_step_bytes(void);

/* One step, to sample number `end`, with what the network says of the chunk: logprob [589][7] or
 * NULL. last: the stream ends there. DIARIST_ERROR_MEMORY. */
int dr_stream_step(struct diarist_stream *stream, const float *logprob, size_t end, int last,
                   float *scratch, struct dr_arena *arena, diarist_error *err);

/* Whether a step can be made now. */
int dr_stream_is_due(const struct diarist_stream *stream);

#endif
