/* download.h - a file from the network, taken up again where it was cut.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_DOWNLOAD_H
#define CLI_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

struct cli_download {
    const char *url;
    const char *path;   /* what has come so far is in it; what comes is added to it */
    uint64_t max_bytes; /* more is an error */
    char problem[400];  /* after a failure: one line, without what to do */
    bool was_resumed;   /* bytes of an earlier try are at the file's start */
    bool is_too_long;   /* why it failed */
};

/* Gets what is missing. A connection that breaks is taken up again as long as bytes come; a server
 * that cannot continue a file sends all of it. https only, unless the URL itself begins with
 * http://. 0, or -1 with the problem; what has come is kept. */
int cli_download(struct cli_download *download);

#endif
