/* chunks.h - a body in chunks (RFC 9112, section 7.1) as it arrives, in parts of any size.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_CHUNKS_H
#define SERVER_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVER_MAX_CHUNK_LINE = 256, SERVER_MAX_TRAILERS = 4096 };

/* All zero: before the first byte. */
struct server_chunks {
    int state;
    uint64_t left;     /* content of the chunk that has not come yet; of a size as far as read */
    size_t line_bytes; /* of the size with its extensions, or of the trailers */
};

/* Takes the chunks of n bytes apart: content, *num bytes of it, goes to out, which has room for n
 * and may be bytes. -1: they are broken, and stay it; *num is what came before. Bytes behind the
 * last chunk are passed over. */
int server_chunks_feed(struct server_chunks *chunks, const char *bytes, size_t n, char *out,
                       size_t *num);
/* Whether the last chunk and what follows it came. */
bool server_chunks_complete(const struct server_chunks *chunks);

#endif
