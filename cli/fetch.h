/* fetch.h - a document of a service, by HTTP.
 * SPDX-License-Identifier: MIT */
#ifndef CLI_FETCH_H
#define CLI_FETCH_H

#include <stddef.h>

struct cli_fetch {
    const char *url;    /* http or https */
    const char *header; /* "X-API-Key: KEY"; NULL: none. It goes nowhere else: no redirects */
    size_t max_bytes;   /* more is an error */
    char *text;         /* the document, to be freed */
    char problem[400];  /* after a failure: one line */
};

/* 0, or -1 with the problem, which has what the service itself says against it. */
int cli_fetch(struct cli_fetch *fetch);

#endif
