/* work.h - a job while it is worked on: its recording as samples, its result as a document.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_WORK_H
#define SERVER_WORK_H

#include "decoder.h"
#include "diarist/io.h"
#include "scratch.h"
#include "server.h"
#include "store.h"

#include <jansson.h>
#include <stdatomic.h>

struct server_work {
    struct server_job job;
    const struct server_settings *settings;
    json_t *options;        /* the job's; */
    diarist_options engine; /* what they come to */
    diarist_audio_options audio_options;
    char path[SERVER_SCRATCH_PATH]; /* of the recording */
    struct server_decoder *audio;   /* NULL: no samples have been asked for */
    double began_at, took_s;        /* took_s: set before it is described */
    diarist_finished finished;      /* tag: this, once it is */
    atomic_bool given_up;           /* canceled, or the service stops */
    _Atomic double declared_s, done;
};

/* Takes the job over. folder: of recordings. A diarist_status; clear in any case. */
int server_work_begin(struct server_work *work, const struct server_settings *settings,
                      const char *folder, struct server_job *job, diarist_error *err);
/* A diarist_read_fn: the recording of the struct server_work that tag is, within the limit on
 * seconds and until it is given up. */
int server_work_read(void *tag, float *samples, size_t capacity, size_t *num, diarist_error *err);
/* *text: what was finished as diarist JSON with all that it knows, to be freed. scratch: a folder.
 */
int server_work_describe(struct server_work *work, const char *scratch, char **text,
                         diarist_error *err);
/* With what was finished. */
void server_work_clear(struct server_work *work);

#endif
