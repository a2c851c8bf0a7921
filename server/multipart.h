/* multipart.h - multipart/form-data (RFC 7578) as it arrives, in parts of any size.
 * SPDX-License-Identifier: MIT
 *
 * Nothing of a part's content is kept; headers of a part are, up to 4 KiB. */
#ifndef SERVER_MULTIPART_H
#define SERVER_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

enum { SERVER_MAX_BOUNDARY = 70, SERVER_MAX_PART_HEADERS = 4096 };

/* Called in turn for each part; anything but 0 ends the parsing with that value, above 0. */
struct server_multipart_sink {
    int (*begin)(void *data, const char *name, const char *filename); /* filename NULL: a field */
    int (*content)(void *data, const char *bytes, size_t n);
    int (*end)(void *data);
    void *data;
};

struct server_multipart {
    struct server_multipart_sink sink;
    char delimiter[SERVER_MAX_BOUNDARY + 5]; /* CR LF - - boundary */
    size_t delimiter_bytes, matched;
    int state;
    char headers[SERVER_MAX_PART_HEADERS];
    size_t headers_bytes;
    bool in_part;
};

/* content_type: the request's. -1: it is not multipart/form-data with a boundary. */
int server_multipart_init(struct server_multipart *parser, const char *content_type,
                          const struct server_multipart_sink *sink);
/* 0; -1: it is broken; or what the sink said. */
int server_multipart_feed(struct server_multipart *parser, const char *bytes, size_t n);
/* Whether the closing delimiter came. */
bool server_multipart_complete(const struct server_multipart *parser);

#endif
