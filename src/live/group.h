/* group.h - live streams that share threads.
 * SPDX-License-Identifier: MIT */
#ifndef DR_LIVE_GROUP_H
#define DR_LIVE_GROUP_H

#include "live/stream.h"
#include "pipeline/workers.h"

struct diarist_stream_group {
    struct dr_workers workers;
    struct dr_arena arena;
    struct dr_arena *step_arena; /* [workers.num] */
    float *logprob;              /* [workers.num * DR_PYANNET_BATCH][589][7] of a round */
    const float **heard;         /* those of each of its streams; NULL: nobody can talk */
    struct diarist_stream **stream;
    size_t num, room;
    struct diarist_stream **due; /* [room] those of a round */
};

int dr_group_add(struct diarist_stream_group *group, struct diarist_stream *stream,
                 diarist_error *err);
void dr_group_remove(struct diarist_stream_group *group, struct diarist_stream *stream);

/* A step of each of streams [num], at most a batch for each thread, all with the same networks, to
 * where each is due or, if last, to its end. A status, that of the first that failed; streams that
 * fail are marked. */
int dr_group_step(struct diarist_stream_group *group, struct diarist_stream **streams, size_t num,
                  int last, diarist_error *err);

#endif
