/* body.c - the JSON body of a request.
 * SPDX-License-Identifier: MIT */
#include "body.h"

#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int refuse(struct server_exchange *exchange, int status, const char *why) {
    server_answer_problem(exchange, status, "%s", why);
    return status;
}

int server_body_begin(struct server_exchange *exchange) {
    static const char type[] = "application/json";
    const char *given = exchange->content_type;
    size_t n = sizeof type - 1;
    if (strncasecmp(given, type, n) || (given[n] && !strchr("; ", given[n])))
        return refuse(exchange, 415, "send application/json");
    return 0;
}

int server_body_feed(struct server_exchange *exchange, const char *bytes, size_t n) {
    if (n > SERVER_MAX_JSON - exchange->body_bytes)
        return refuse(exchange, 413, "the body is larger than 1 MiB");
    if (!n)
        return 0;
    char *grown = realloc(exchange->body, exchange->body_bytes + n);
    if (!grown)
        return refuse(exchange, 500, "out of memory");
    exchange->body = grown;
    memcpy(grown + exchange->body_bytes, bytes, n);
    exchange->body_bytes += n;
    return 0;
}

json_t *server_body_json(struct server_exchange *exchange) {
    json_error_t wrong;
    json_t *value = json_loadb(exchange->body ? exchange->body : "", exchange->body_bytes,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &wrong);
    if (!value)
        server_answer_problem(exchange, 400, "the body is no JSON: line %d: %s", wrong.line,
                              wrong.text);
    return value;
}
