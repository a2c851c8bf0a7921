/* chunks.c - a body in chunks as it arrives.
 * SPDX-License-Identifier: MIT
 *
 *   SIZE [EXTENSION] CR LF content CR LF ... 0 CR LF { trailer CR LF } CR LF
 *
 * Lines end in CR LF and nothing else: what is read differently by a proxy in front of the service
 * could hide a request in a body. */
#include "chunks.h"

#include <string.h>

enum state {
    SIZE, /* also before its first digit */
    EXTENSION,
    AFTER_SIZE, /* LF comes */
    CONTENT,
    AFTER_CONTENT, /* CR comes */
    BEFORE_SIZE,   /* LF comes */
    TRAILER_BEGIN,
    TRAILER,
    AFTER_TRAILER, /* LF comes */
    LAST,          /* LF comes */
    COMPLETE,
    BROKEN
};

enum { MOST_DIGITS = 15 };

static int digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return found ? (int)(found - digits) : -1;
}

static int take_size(struct server_chunks *chunks, char c) {
    int value = digit(c);
    if (value >= 0) {
        chunks->left = chunks->left * 16 + (uint64_t)value;
        return ++chunks->line_bytes > MOST_DIGITS ? BROKEN : SIZE;
    }
    if (!chunks->line_bytes++)
        return BROKEN;
    return c == '\r' ? AFTER_SIZE : c == ';' || c == ' ' || c == '\t' ? EXTENSION : BROKEN;
}

static int take_text(struct server_chunks *chunks, char c, size_t most, int same, int next) {
    if (c == '\r')
        return next;
    return c == '\n' || !c || ++chunks->line_bytes > most ? BROKEN : same;
}

static int take_line_end(struct server_chunks *chunks, char c, int next) {
    if (next == CONTENT && !chunks->left)
        next = TRAILER_BEGIN;
    chunks->line_bytes = 0;
    return c == '\n' ? next : BROKEN;
}

/* The state after one byte that is no content. */
static int take_byte(struct server_chunks *chunks, char c) {
    switch ((enum state)chunks->state) {
    case SIZE:
        return take_size(chunks, c);
    case EXTENSION:
        return take_text(chunks, c, SERVER_MAX_CHUNK_LINE, EXTENSION, AFTER_SIZE);
    case AFTER_SIZE:
        return take_line_end(chunks, c, CONTENT);
    case AFTER_CONTENT:
        return c == '\r' ? BEFORE_SIZE : BROKEN;
    case BEFORE_SIZE:
        return take_line_end(chunks, c, SIZE);
    case TRAILER_BEGIN:
        return c == '\r' ? LAST : take_text(chunks, c, SERVER_MAX_TRAILERS, TRAILER, LAST);
    case TRAILER:
        return take_text(chunks, c, SERVER_MAX_TRAILERS, TRAILER, AFTER_TRAILER);
    case AFTER_TRAILER:
        return c == '\n' ? TRAILER_BEGIN : BROKEN;
    case LAST:
        return c == '\n' ? COMPLETE : BROKEN;
    default:
        return chunks->state;
    }
}

int server_chunks_feed(struct server_chunks *chunks, const char *bytes, size_t n, char *out,
                       size_t *num) {
    *num = 0;
    for (size_t used; n && chunks->state != COMPLETE && chunks->state != BROKEN;
         bytes += used, n -= used) {
        used = 1;
        if (chunks->state != CONTENT) {
            chunks->state = take_byte(chunks, *bytes);
            continue;
        }
        if (chunks->left < n)
            used = (size_t)chunks->left;
        else
            used = n;
        memmove(out + *num, bytes, used);
        *num += used;
        chunks->left -= used;
        if (!chunks->left)
            chunks->state = AFTER_CONTENT;
    }
    return chunks->state == BROKEN ? -1 : 0;
}

bool server_chunks_complete(const struct server_chunks *chunks) {
    return chunks->state == COMPLETE;
}
