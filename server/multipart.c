/* multipart.c - multipart/form-data as it arrives.
 * SPDX-License-Identifier: MIT
 *
 * [preamble] delimiter CRLF headers CRLF CRLF content delimiter ... delimiter -- [epilogue]
 *
 * A delimiter begins with CR, which is nowhere else in it: after a mismatch what had matched is
 * content, and the search begins anew at the byte that did not. */
#include "multipart.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { CONTENT, AFTER_DELIMITER, AFTER_DASH, AFTER_CR, HEADERS, EPILOGUE };

/* The value of a parameter of a header, `; name=value` or `; name="value"`, unquoted into out.
 * -1: it has none, or a longer one. */
static int parameter(char *out, size_t room, const char *header, const char *name) {
    size_t n = strlen(name), used = 0;
    for (const char *c = strchr(header, ';'); c; c = strchr(c, ';')) {
        c += 1 + strspn(c + 1, " \t");
        if (strncasecmp(c, name, n) || c[n] != '=') {
            /* A quoted value may hold a semicolon. */
            c += strcspn(c, ";\"");
            if (*c == '"')
                c += 1 + strcspn(c + 1, "\"");
            continue;
        }
        c += n + 1;
        bool quoted = *c == '"';
        for (c += quoted; *c && (quoted ? *c != '"' : *c != ';' && !isspace((unsigned char)*c));
             c++) {
            if (quoted && *c == '\\' && (c[1] == '"' || c[1] == '\\'))
                c++;
            if (used + 1 >= room)
                return -1;
            out[used++] = *c;
        }
        if (quoted && *c != '"')
            return -1;
        out[used] = 0;
        return 0;
    }
    return -1;
}

int server_multipart_init(struct server_multipart *parser, const char *content_type,
                          const struct server_multipart_sink *sink) {
    static const char type[] = "multipart/form-data";
    *parser = (struct server_multipart){.sink = *sink, .matched = 2};
    memcpy(parser->delimiter, "\r\n--", 4);
    if (strncasecmp(content_type, type, sizeof type - 1) ||
        !strchr("; \t", content_type[sizeof type - 1]) ||
        parameter(parser->delimiter + 4, SERVER_MAX_BOUNDARY + 1, content_type, "boundary") ||
        !parser->delimiter[4] || strpbrk(parser->delimiter + 4, "\r\n"))
        return -1;
    parser->delimiter_bytes = strlen(parser->delimiter);
    return 0;
}

/* The headers of a part are there, each ended by CR LF. */
static int begin_part(struct server_multipart *parser) {
    static const char wanted[] = "Content-Disposition:";
    char name[256], filename[512];
    for (char *line = parser->headers, *end; (end = strstr(line, "\r\n")); line = end + 2) {
        *end = 0;
        if (strncasecmp(line, wanted, sizeof wanted - 1))
            continue;
        const char *value = line + sizeof wanted - 1;
        value += strspn(value, " \t");
        if (strncasecmp(value, "form-data", 9) || parameter(name, sizeof name, value, "name"))
            return -1;
        bool is_file = !parameter(filename, sizeof filename, value, "filename");
        parser->in_part = true;
        return parser->sink.begin(parser->sink.data, name, is_file ? filename : NULL);
    }
    return -1;
}

static int add_header_byte(struct server_multipart *parser, char byte) {
    if (!byte || parser->headers_bytes + 1 >= SERVER_MAX_PART_HEADERS)
        return -1;
    parser->headers[parser->headers_bytes++] = byte;
    parser->headers[parser->headers_bytes] = 0;
    size_t n = parser->headers_bytes;
    if (n < 2 || memcmp(parser->headers + n - 2, "\r\n", 2))
        return 0;
    if (n > 2 && (n < 4 || memcmp(parser->headers + n - 4, "\r\n\r\n", 4)))
        return 0;
    parser->state = CONTENT;
    return begin_part(parser);
}

static int content(struct server_multipart *parser, const char *bytes, size_t n) {
    /* What stands before the first delimiter is nobody's. */
    return n && parser->in_part ? parser->sink.content(parser->sink.data, bytes, n) : 0;
}

static int end_part(struct server_multipart *parser) {
    bool was = parser->in_part;
    parser->in_part = false;
    parser->state = AFTER_DELIMITER;
    parser->matched = 0;
    return was ? parser->sink.end(parser->sink.data) : 0;
}

/* One or more bytes of content or delimiter; *used: how many. */
static int take_content(struct server_multipart *parser, const char *bytes, size_t n,
                        size_t *used) {
    if (parser->matched == 0) {
        const char *cr = memchr(bytes, '\r', n);
        *used = cr ? (size_t)(cr - bytes) : n;
        int rc = content(parser, bytes, *used);
        if (rc || !cr)
            return rc;
        parser->matched = 1;
        ++*used;
        return 0;
    }
    if (*bytes == parser->delimiter[parser->matched]) {
        *used = 1;
        return ++parser->matched == parser->delimiter_bytes ? end_part(parser) : 0;
    }
    *used = 0;
    size_t was = parser->matched;
    parser->matched = 0;
    return content(parser, parser->delimiter, was);
}

static int take_byte(struct server_multipart *parser, char byte) {
    switch (parser->state) {
    case AFTER_DELIMITER:
        if (byte == ' ' || byte == '\t')
            return 0;
        parser->state = byte == '-' ? AFTER_DASH : AFTER_CR;
        return byte == '-' || byte == '\r' ? 0 : -1;
    case AFTER_DASH:
        parser->state = EPILOGUE;
        return byte == '-' ? 0 : -1;
    case AFTER_CR:
        parser->state = HEADERS;
        parser->headers_bytes = 0;
        return byte == '\n' ? 0 : -1;
    default:
        return add_header_byte(parser, byte);
    }
}

int server_multipart_feed(struct server_multipart *parser, const char *bytes, size_t n) {
    int rc = 0;
    for (size_t used; n && !rc && parser->state != EPILOGUE; bytes += used, n -= used) {
        used = 1;
        rc = parser->state == CONTENT ? take_content(parser, bytes, n, &used)
                                      : take_byte(parser, *bytes);
    }
    return rc;
}

bool server_multipart_complete(const struct server_multipart *parser) {
    return parser->state == EPILOGUE;
}
