/* fuzz_multipart.c - any bytes as a form: whole, and in parts of any size, it is the same.
 * SPDX-License-Identifier: MIT
 *
 * The first byte says in which parts. */
#include "server/multipart.h"

#include "fuzz.h"

#include <string.h>

/* What a parser said, one thing after another. */
struct told {
    size_t num_parts, num_ends, num_bytes;
    uint32_t sum;
    bool open;
};

static void add(struct told *told, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        told->sum = told->sum * 31 + (unsigned char)text[i];
}

static int begin(void *data, const char *name, const char *filename) {
    struct told *told = data;
    FUZZ_CHECK(!told->open);
    told->open = true;
    told->num_parts++;
    add(told, name, strlen(name) + 1);
    add(told, filename ? filename : "", filename ? strlen(filename) + 1 : 0);
    return 0;
}

static int content(void *data, const char *bytes, size_t n) {
    struct told *told = data;
    FUZZ_CHECK(told->open && n > 0);
    told->num_bytes += n;
    add(told, bytes, n);
    return 0;
}

static int end(void *data) {
    struct told *told = data;
    FUZZ_CHECK(told->open);
    told->open = false;
    told->num_ends++;
    return 0;
}

/* Parses in parts of up to `part` bytes; what was told, and whether it was broken or complete. */
static struct told parse(const char *bytes, size_t n, size_t part, int *status, bool *complete) {
    struct told told = {0};
    const struct server_multipart_sink sink = {begin, content, end, &told};
    struct server_multipart parser;
    FUZZ_CHECK(!server_multipart_init(&parser, "multipart/form-data; boundary=\"ab\"", &sink));
    *status = 0;
    for (size_t used; n && !*status; bytes += used, n -= used) {
        used = n < part ? n : part;
        *status = server_multipart_feed(&parser, bytes, used);
    }
    *complete = server_multipart_complete(&parser);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int status, other_status;
    bool complete, other_complete;
    if (!size)
        return 0;
    const char *bytes = (const char *)data + 1;
    struct told told = parse(bytes, size - 1, size, &status, &complete);
    struct told other = parse(bytes, size - 1, 1 + data[0] % 16, &other_status, &other_complete);
    FUZZ_CHECK(status == other_status && complete == other_complete && told.sum == other.sum &&
               told.num_parts == other.num_parts && told.num_ends == other.num_ends &&
               told.num_bytes == other.num_bytes);
    FUZZ_CHECK(told.num_bytes < size && (!complete || !told.open));
    /* The same bytes as a content type. */
    const struct server_multipart_sink sink = {begin, content, end, &told};
    struct server_multipart parser;
    char *type = strndup(bytes, size - 1);
    if (type && !server_multipart_init(&parser, type, &sink))
        FUZZ_CHECK(parser.delimiter_bytes > 4 && parser.delimiter_bytes < sizeof parser.delimiter);
    free(type);
    return 0;
}
