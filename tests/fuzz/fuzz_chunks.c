/* fuzz_chunks.c - any bytes as a body in chunks: whole, and in parts of any size, as the grammar of
 * RFC 9112 has it; and any bytes put into chunks come out again.
 * SPDX-License-Identifier: MIT
 *
 * The first byte says in which parts. */
#define _GNU_SOURCE /* memmem */
#include "server/chunks.h"

#include "fuzz.h"

#include <string.h>

enum { MOST = 1 << 16 };

/* The same by lines of the whole body. The content's length, or -1: it is broken or not all there.
 */
static long by_lines(const char *body, size_t n, char *out) {
    size_t at = 0, num = 0;
    for (;;) {
        const char *end = memmem(body + at, n - at, "\r\n", 2);
        size_t digits = 0, size = 0;
        if (!end)
            return -1;
        for (; digits < 16 && body[at + digits] &&
               strchr("0123456789abcdefABCDEF", body[at + digits]);
             digits++) {
            char text[2] = {body[at + digits], 0};
            size = size * 16 + strtoul(text, NULL, 16);
        }
        size_t line = (size_t)(end - body) - at;
        if (!digits || digits > 15 || memchr(body + at, '\n', line) || memchr(body + at, 0, line) ||
            memchr(body + at, '\r', line) || line > SERVER_MAX_CHUNK_LINE ||
            (line > digits && !strchr("; \t", body[at + digits])))
            return -1;
        at += line + 2;
        if (!size)
            break;
        if (size > n - at || n - at - size < 2 || memcmp(body + at + size, "\r\n", 2))
            return -1;
        memcpy(out + num, body + at, size);
        num += size;
        at += size + 2;
    }
    for (size_t all = 0;;) {
        const char *end = memmem(body + at, n - at, "\r\n", 2);
        size_t line = end ? (size_t)(end - body) - at : 0;
        if (!end || memchr(body + at, '\n', line) || memchr(body + at, 0, line) ||
            memchr(body + at, '\r', line) || (all += line) > SERVER_MAX_TRAILERS)
            return -1;
        if (!line)
            return (long)num;
        at += line + 2;
    }
}

static int feed(struct server_chunks *chunks, const char *bytes, size_t n, size_t part, char *out,
                size_t *num) {
    int rc = 0;
    *num = 0;
    for (size_t used, made; n && !rc; bytes += used, n -= used) {
        used = n < part ? n : part;
        rc = server_chunks_feed(chunks, bytes, used, out + *num, &made);
        *num += made;
    }
    return rc;
}

/* A body with these bytes as content. */
static void round_trip(const char *bytes, size_t n, size_t part) {
    static char body[16 * MOST], out[16 * MOST];
    size_t size = 0, num;
    for (size_t at = 0; at < n; at += part) {
        size_t some = n - at < part ? n - at : part;
        size += (size_t)snprintf(body + size, 32, at % 3 ? "%zx\r\n" : "%zX;a=b\r\n", some);
        memcpy(body + size, bytes + at, some);
        memcpy(body + size + some, "\r\n", 2);
        size += some + 2;
    }
    size += (size_t)snprintf(body + size, 32, "0\r\nX: y\r\n\r\nGET");
    struct server_chunks chunks = {0};
    FUZZ_CHECK(!feed(&chunks, body, size, 1 + part / 2, out, &num));
    FUZZ_CHECK(server_chunks_complete(&chunks) && num == n && !memcmp(out, bytes, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char out[MOST], other_out[MOST], lines_out[MOST];
    size_t num, other_num;
    if (!size || size > MOST)
        return 0;
    const char *bytes = (const char *)data + 1;
    size_t part = 1 + data[0] % 16;
    struct server_chunks chunks = {0}, other = {0};
    int status = feed(&chunks, bytes, size - 1, size, out, &num);
    int other_status = feed(&other, bytes, size - 1, part, other_out, &other_num);
    FUZZ_CHECK(status == other_status && num == other_num && !memcmp(out, other_out, num));
    FUZZ_CHECK(server_chunks_complete(&chunks) == server_chunks_complete(&other));
    long expected = by_lines(bytes, size - 1, lines_out);
    FUZZ_CHECK(server_chunks_complete(&chunks) == (expected >= 0));
    FUZZ_CHECK(expected < 0 || ((size_t)expected == num && !memcmp(out, lines_out, num)));
    round_trip(bytes, size - 1, part);
    return 0;
}
