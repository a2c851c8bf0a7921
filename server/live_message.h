/* live_message.h - text frames that clients of live streams send.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_LIVE_MESSAGE_H
#define SERVER_LIVE_MESSAGE_H

#include "live_params.h"

struct server_live_message {
    enum { SERVER_LIVE_START, SERVER_LIVE_SKIP, SERVER_LIVE_FINISH } type;
    struct server_live_params params; /* of start: those before, and what it says */
    double gap_s;                     /* of skip: 0 to an hour */
};

/* Reads n bytes of JSON. -1 and a line of text: it is none of the messages. */
int server_live_message_read(struct server_live_message *out,
                             const struct server_live_params *before, const char *text, size_t n,
                             char *why, size_t room);

#endif
