/* live_feed.h - the engine's side of a live stream: pieces -> samples -> events as JSON.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_LIVE_FEED_H
#define SERVER_LIVE_FEED_H

#include "live_params.h"
#include "live_queue.h"

/* What it takes pieces from and gives events to. */
struct server_live_ends {
    /* To be freed; NULL: there is none now; *ended: nor will there be. */
    struct server_piece *(*take)(void *data, bool *ended);
    /* size bytes of JSON. */
    void (*give)(void *data, uint64_t seq, const char *text, size_t size);
    void *data;
};

struct server_live_feed;

/* Takes about 2.6 MB. params are copied; the group must outlive it. A diarist_status. */
int server_live_feed_open(struct server_live_feed **out, const struct server_live_params *params,
                          const struct server_live_ends *ends, const diarist_model *model,
                          diarist_stream_group *group, diarist_error *err);

/* Goes on until there are no more pieces or the group must run. *moved: something was done. *done:
 * "done" was given, the last event. A diarist_status; after a failure only freeing is allowed. */
int server_live_feed_run(struct server_live_feed *feed, bool *moved, bool *done,
                         diarist_error *err);

double server_live_feed_duration(const struct server_live_feed *feed); /* seconds heard */
void server_live_feed_free(struct server_live_feed *feed);

#endif
