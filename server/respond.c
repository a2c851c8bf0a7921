/* respond.c - an answer onto a connection.
 * SPDX-License-Identifier: MIT */
#include "respond.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEADERS = 2048, PART = 2048 }; /* bytes that are sent at a time */

struct headers {
    struct lws *wsi;
    unsigned char *at, *end;
    int wrong;
};

static void add(struct headers *headers, const char *name, const char *value) {
    headers->wrong |= lws_add_http_header_by_name(headers->wsi, (const unsigned char *)name,
                                                  (const unsigned char *)value, (int)strlen(value),
                                                  &headers->at, headers->end);
}

static void add_ranges(struct headers *headers, const struct server_answer *answer) {
    char text[96];
    if (answer->partial)
        snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)answer->offset,
                 (unsigned long long)(answer->offset + answer->size - 1),
                 (unsigned long long)answer->total);
    else
        snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)answer->total);
    if (answer->partial || answer->status == 416)
        add(headers, "content-range:", text);
    if (answer->fd >= 0)
        add(headers, "accept-ranges:", "bytes");
}

static int send_headers(struct lws *wsi, struct server_exchange *exchange) {
    const struct server_answer *answer = &exchange->answer;
    unsigned char buffer[LWS_PRE + HEADERS], *start = buffer + LWS_PRE;
    struct headers headers = {wsi, start, buffer + sizeof buffer, 0};
    char text[32];
    headers.wrong =
        lws_add_http_header_status(wsi, (unsigned)answer->status, &headers.at, headers.end);
    add(&headers, "x-request-id:", exchange->id);
    add(&headers, "cache-control:", "no-store");
    if (answer->type)
        add(&headers, "content-type:", answer->type);
    if (*answer->location)
        add(&headers, "location:", answer->location);
    if (*answer->allow)
        add(&headers, "allow:", answer->allow);
    if (answer->status == 401)
        add(&headers, "www-authenticate:", "Bearer");
    snprintf(text, sizeof text, "\"%lld\"", (long long)answer->revision);
    if (answer->revision)
        add(&headers, "etag:", text);
    snprintf(text, sizeof text, "%d", answer->retry_after_s);
    if (answer->retry_after_s)
        add(&headers, "retry-after:", text);
    add_ranges(&headers, answer);
    if (answer->close || exchange->endless || exchange->chunked)
        add(&headers, "connection:", "close");
    if (!exchange->endless && answer->status != 204)
        headers.wrong |=
            lws_add_http_header_content_length(wsi, answer->size, &headers.at, headers.end);
    if (headers.wrong || lws_finalize_http_header(wsi, &headers.at, headers.end))
        return -1;
    /* Of who asks for a WebSocket libwebsockets has not read the version yet, and says 1.0. */
    memcpy(start, "HTTP/1.1", 8);
    size_t n = (size_t)(headers.at - start);
    if (lws_write(wsi, start, n, LWS_WRITE_HTTP_HEADERS) < (int)n)
        return -1;
    exchange->headers_sent = true;
    return 0;
}

int server_respond(struct lws *wsi, struct server_exchange *exchange) {
    const struct server_answer *answer = &exchange->answer;
    unsigned char buffer[LWS_PRE + PART];
    if (!exchange->headers_sent) {
        exchange->endless = answer->type && !strcmp(answer->type, "text/event-stream");
        if (send_headers(wsi, exchange))
            return -1;
        return answer->size && !exchange->is_head;
    }
    uint64_t left = answer->size - exchange->sent;
    size_t n = left < PART ? (size_t)left : PART;
    if (!n)
        return 0;
    if (answer->text)
        memcpy(buffer + LWS_PRE, answer->text + exchange->sent, n);
    else if (pread(answer->fd, buffer + LWS_PRE, n, (off_t)(answer->offset + exchange->sent)) !=
             (ssize_t)n)
        return -1;
    exchange->sent += n;
    bool last = exchange->sent == answer->size;
    if (lws_write(wsi, buffer + LWS_PRE, n,
                  last && !exchange->endless ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < (int)n)
        return -1;
    return !last;
}
