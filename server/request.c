/* request.c - the headers of a request.
 * SPDX-License-Identifier: MIT */
#include "request.h"

#include "answer.h"
#include "body.h"
#include "parameters.h"
#include "routes.h"
#include "upload.h"

#include <jansson.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>

enum { MAX_IDLE_BODY = 65536 }; /* of a route that wants none */
enum { RESERVED_BYTES = 1 << 20 };

const char *server_printable(const char *text) {
    json_t *string = json_string(text);
    json_decref(string);
    return string ? text : "?";
}

/* A header's value, empty when there is none. -1: it is too long. */
static int copy(struct lws *wsi, enum lws_token_indexes token, char *out, size_t room) {
    *out = 0;
    if (!lws_hdr_total_length(wsi, token))
        return 0;
    return lws_hdr_copy(wsi, out, (int)room, token) < 0 ? -1 : 0;
}

/* The same of one that libwebsockets does not know; name ends in a colon. */
static int copy_custom(struct lws *wsi, const char *name, char *out, size_t room) {
    int n = (int)strlen(name);
    *out = 0;
    if (lws_hdr_custom_length(wsi, name, n) <= 0)
        return 0;
    return lws_hdr_custom_copy(wsi, out, (int)room, name, n) < 0 ? -1 : 0;
}

static void read_method(struct server_exchange *exchange, struct lws *wsi) {
    static const struct {
        enum lws_token_indexes token;
        const char *name;
    } methods[] = {{WSI_TOKEN_GET_URI, "GET"},         {WSI_TOKEN_POST_URI, "POST"},
                   {WSI_TOKEN_HEAD_URI, "HEAD"},       {WSI_TOKEN_DELETE_URI, "DELETE"},
                   {WSI_TOKEN_PATCH_URI, "PATCH"},     {WSI_TOKEN_PUT_URI, "PUT"},
                   {WSI_TOKEN_OPTIONS_URI, "OPTIONS"}, {WSI_TOKEN_CONNECT, "CONNECT"}};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (lws_hdr_total_length(wsi, methods[i].token))
            snprintf(exchange->method, sizeof exchange->method, "%s", methods[i].name);
    exchange->is_head = !strcmp(exchange->method, "HEAD");
}

static int refuse(struct server_exchange *exchange, int status, const char *why) {
    server_answer_problem(exchange, status, "%s", why);
    return status;
}

/* After this nobody knows where the next request would begin. */
static int refuse_and_close(struct server_exchange *exchange, int status, const char *why) {
    refuse(exchange, status, why);
    exchange->answer.close = true;
    return status;
}

/* Where a body has both a length and chunks, a proxy may have read another one than this. */
static int read_chunked(struct server_exchange *exchange, struct lws *wsi, bool may_have,
                        bool has_length) {
    char text[16];
    if (has_length)
        return refuse_and_close(exchange, 400,
                                "send Content-Length or Transfer-Encoding, not both");
    if (copy(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, text, sizeof text) ||
        strcasecmp(text, "chunked"))
        return refuse_and_close(exchange, 501, "of transfer codings only chunked is known");
    if (!may_have)
        return refuse_and_close(exchange, 411, "send the body's length as Content-Length");
    exchange->has_body = exchange->chunked = true;
    return 0;
}

/* The body's length as the headers have it; 0 of one in chunks. */
static int read_length(struct server_exchange *exchange, struct lws *wsi, uint64_t *length) {
    char text[32];
    bool has_length = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;
    bool may_have = !strcmp(exchange->method, "POST") || !strcmp(exchange->method, "PUT") ||
                    !strcmp(exchange->method, "PATCH");
    *length = 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING))
        return read_chunked(exchange, wsi, may_have, has_length);
    if (may_have && !has_length)
        return refuse_and_close(exchange, 411,
                                "send the body's length as Content-Length, or it in chunks");
    if (!has_length)
        return 0;
    if (copy(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) || strlen(text) > 18 ||
        strspn(text, "0123456789") != strlen(text))
        return refuse_and_close(exchange, 400, "Content-Length is no number");
    *length = strtoull(text, NULL, 10);
    exchange->has_body = *length > 0;
    return 0;
}

/* "a=b" fragments of the query, unescaped by libwebsockets. */
static int read_query(struct server_exchange *exchange, struct lws *wsi) {
    char text[SERVER_MAX_FIELD_BYTES];
    for (int i = 0; lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
        int n = lws_hdr_copy_fragment(wsi, text, sizeof text, WSI_TOKEN_HTTP_URI_ARGS, i);
        const char *equals = n > 0 ? strchr(text, '=') : NULL;
        if (!equals || (size_t)n != strlen(text) ||
            server_fields_add(&exchange->fields, text, (size_t)(equals - text), equals + 1,
                              strlen(equals + 1)))
            return refuse(
                exchange, 400,
                "the query is not NAME=VALUE&... in UTF-8, or too much of it, or too long");
    }
    return server_parameters_check(exchange);
}

/* Without keys a web page of another machine could listen in and send recordings: browsers ask
 * nobody before they open a WebSocket or post a form, but say whose page it is. */
static int check_local(struct server_exchange *exchange, struct lws *wsi) {
    char name[512];
    copy(wsi, WSI_TOKEN_HOST, name, sizeof name);
    if (!server_host_is_local(name))
        return refuse(exchange, 421, "without keys the service answers to localhost only");
    if (!lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN))
        return 0;
    copy(wsi, WSI_TOKEN_ORIGIN, name, sizeof name);
    const char *host = strstr(name, "://");
    return host && server_host_is_local(host + 3)
               ? 0
               : refuse(exchange, 403, "without keys pages of this machine alone are served");
}

static int check_key(struct server_exchange *exchange, struct server *server, struct lws *wsi) {
    char key[512], header[64];
    if (!server->keys.num)
        return check_local(exchange, wsi);
    snprintf(header, sizeof header, "%s:", server->settings->key_header);
    for (char *c = header; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    if (!copy_custom(wsi, header, key, sizeof key) && *key && server_keys_hold(&server->keys, key))
        return 0;
    if (!copy(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, key, sizeof key) &&
        !strncasecmp(key, "Bearer ", 7) && server_keys_hold(&server->keys, key + 7))
        return 0;
    server_answer_problem(exchange, 401, "send a key as %s, or as Authorization: Bearer",
                          server->settings->key_header);
    return 401;
}

static int find_route(struct server_exchange *exchange) {
    char methods[sizeof exchange->answer.allow];
    exchange->route = server_route_find(exchange);
    if (exchange->route)
        return 0;
    server_route_methods(exchange->path, methods, sizeof methods);
    if (!*methods)
        return refuse(exchange, 404, "there is no such path");
    refuse(exchange, 405, "the path does not have this method");
    memcpy(exchange->answer.allow, methods, sizeof methods);
    return 405;
}

/* The length of the body and the route. A path or a method that there is not goes before a length
 * that is not said. */
static int read_target(struct server_exchange *exchange, struct lws *wsi, uint64_t *length) {
    const int wrong = read_length(exchange, wsi, length);
    const bool close = exchange->answer.close;
    if (wrong && (wrong != 411 || server_route_find(exchange)))
        return wrong;
    const int status = find_route(exchange);
    exchange->answer.close |= close;
    return status;
}

/* Whether a body of that length fits on the disk, and some of it stays free for the store. */
static bool has_room(const char *folder, uint64_t length) {
    struct statvfs disk;
    return statvfs(folder, &disk) ||
           (uint64_t)disk.f_bavail * disk.f_frsize >= length + RESERVED_BYTES;
}

/* What a body needs to be read at all; max: bytes. */
static int check_body(struct server_exchange *exchange, struct server *server, uint64_t length,
                      uint64_t max) {
    if (atomic_load(&server->draining)) {
        server_answer_problem(exchange, 503, "the service stops; try again later");
        exchange->answer.retry_after_s = 10;
        return 503;
    }
    if (!length && !exchange->chunked)
        return refuse(exchange, 400, "there is no body");
    if (length > max) {
        server_answer_problem(exchange, 413,
                              "the body is larger than the %llu bytes that this path takes",
                              (unsigned long long)max);
        return 413;
    }
    if (exchange->route->body == SERVER_BODY_UPLOAD && !has_room(server->uploads, length))
        return refuse(exchange, 507, "there is no room for the file; try again later");
    return 0;
}

int server_request_read(struct server_exchange *exchange, struct server *server, struct lws *wsi,
                        const char *path) {
    uint64_t length;
    read_method(exchange, wsi);
    if (snprintf(exchange->path, sizeof exchange->path, "%s", path) >= (int)sizeof exchange->path)
        exchange->path[0] = 0; /* no route is that long */
    int status = read_target(exchange, wsi, &length);
    if (!status && !exchange->route->open)
        status = check_key(exchange, server, wsi);
    if (!status)
        status = read_query(exchange, wsi);
    if (!status &&
        (copy(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, exchange->content_type,
              sizeof exchange->content_type) ||
         copy_custom(wsi, "idempotency-key:", exchange->idempotency_key,
                     sizeof exchange->idempotency_key) ||
         copy(wsi, WSI_TOKEN_HTTP_RANGE, exchange->range, sizeof exchange->range) ||
         copy(wsi, WSI_TOKEN_HTTP_IF_MATCH, exchange->if_match, sizeof exchange->if_match)))
        status = refuse(exchange, 400, "a header is too long");
    /* Boundaries and fields come on top of an upload's file. */
    uint64_t max_upload = server->settings->max_upload_bytes + MAX_IDLE_BODY;
    if (!status && exchange->route->body == SERVER_BODY_UPLOAD)
        status = check_body(exchange, server, length, max_upload);
    else if (!status && exchange->route->body == SERVER_BODY_TRANSCRIPT)
        status = check_body(exchange, server, length, max_upload + SERVER_MAX_DOCUMENT_BYTES);
    else if (!status && exchange->route->body == SERVER_BODY_JSON)
        status = check_body(exchange, server, length, SERVER_MAX_JSON);
    else if (!status && length > MAX_IDLE_BODY)
        status = refuse(exchange, 413, "the path takes no body");
    return status;
}

void server_request_continue(struct lws *wsi) {
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    unsigned char buffer[LWS_PRE + sizeof line];
    char value[32];
    if (copy(wsi, WSI_TOKEN_HTTP_EXPECT, value, sizeof value) || strcasecmp(value, "100-continue"))
        return;
    memcpy(buffer + LWS_PRE, line, sizeof line - 1);
    lws_write(wsi, buffer + LWS_PRE, sizeof line - 1, LWS_WRITE_HTTP_HEADERS);
}
