/* retention.h - how long what has ended is kept.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_RETENTION_H
#define SERVER_RETENTION_H

#include "store.h"

#include <stddef.h>

/* Deletes jobs that ended more than keep_s ago, the oldest first, with their recordings (in folder)
 * and results; of very many some hundred. Returns how many. May wait for disks. */
size_t server_retention_run(struct server_store *store, const char *folder, double keep_s);

#endif
