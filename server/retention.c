/* retention.c - how long what has ended is kept.
 * SPDX-License-Identifier: MIT */
#include "retention.h"

#include "clock.h"
#include "log.h"
#include "scratch.h"

#include <stdio.h>
#include <unistd.h>

enum { AT_A_TIME = 500 };

size_t server_retention_run(struct server_store *store, const char *folder, double keep_s) {
    char id[SERVER_ID_BYTES], path[SERVER_SCRATCH_PATH];
    const double before = server_clock() - keep_s;
    size_t num = 0;
    while (num < AT_A_TIME && !server_store_find_ended(store, before, id)) {
        /* Deleted by a client meanwhile, or the store fails: the next time tells. */
        if (server_store_delete(store, id))
            break;
        snprintf(path, sizeof path, "%s/%s", folder, id);
        unlink(path);
        num++;
        server_log("info", "job_expired", "{s:s}", "job", id);
    }
    return num;
}
