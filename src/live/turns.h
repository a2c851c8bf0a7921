/* turns.h - from what a live stream knows of its last frames to events.
 * SPDX-License-Identifier: MIT
 *
 * At every step all that is not final yet is known anew: turns up to the final frame, and, beyond
 * it, turns as they seem. A turn keeps its number from step to step: it is the one of the same
 * speaker that it overlaps, or else of any. */
#ifndef DR_LIVE_TURNS_H
#define DR_LIVE_TURNS_H

#include "base/arena.h"
#include "base/error.h"
#include "diarist/stream.h"
#include "reconstruct/runs.h"

struct dr_live_turn {
    uint64_t id;         /* 0: not told of yet */
    int32_t speaker;     /* its number */
    size_t first, end;   /* frames, as far as is known */
    double settled, sum; /* of probability over its settled frames, and over all */
    int overlap;
    int is_final;
    diarist_event told; /* last */
};

struct dr_live_turns {
    size_t final_frame;        /* what is before it does not change */
    struct dr_live_turn *open; /* those that are not final, [max_turns] */
    size_t num_open, max_turns;
    uint64_t num_turns, num_events; /* so far */

    diarist_event *event; /* [max_events], of which [taken, num) wait to be taken */
    size_t max_events, taken, num;
    double at_s; /* how much audio there is: events are told to be known then */
};

/* Bytes that they take of an arena. */
size_t dr_live_turns_bytes(size_t max_frames);

/* Memory lives in arena. max_frames: the most that a step finds anew. There is room for the events
 * of four steps. DIARIST_ERROR_MEMORY. */
int dr_live_turns_open(struct dr_live_turns *t, size_t max_frames, struct dr_arena *arena,
                       diarist_error *err);

/* What a step found: runs of frames counted from `first`, speakers by their index in number. */
struct dr_live_runs {
    size_t first;
    const struct dr_run *run;
    size_t num;
};

/* settled: frames from final_frame to the new one, `final`; seeming: those beyond, to `end`.
 * number: of each speaker. at_s has been set. */
int dr_live_turns_step(struct dr_live_turns *t, const struct dr_live_runs *settled,
                       const struct dr_live_runs *seeming, const int32_t *number, size_t final,
                       struct dr_arena *arena, diarist_error *err);

/* The stream has ended: all that is open is final. */
void dr_live_turns_finish(struct dr_live_turns *t);

/* Speaker `speaker` was `into` all along. */
void dr_live_turns_merge(struct dr_live_turns *t, int32_t speaker, int32_t into);

/* Takes the next event; -1 when there is none. */
int dr_live_turns_next(struct dr_live_turns *t, diarist_event *out);

#endif
