/* answer.c - the usual answers.
 * SPDX-License-Identifier: MIT */
#include "answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *server_status_title(int status) {
    static const struct {
        int status;
        const char *title;
    } titles[] = {{101, "Switching Protocols"},
                  {200, "OK"},
                  {202, "Accepted"},
                  {204, "No Content"},
                  {206, "Partial Content"},
                  {400, "Bad Request"},
                  {401, "Unauthorized"},
                  {403, "Forbidden"},
                  {404, "Not Found"},
                  {405, "Method Not Allowed"},
                  {408, "Request Timeout"},
                  {409, "Conflict"},
                  {411, "Length Required"},
                  {412, "Precondition Failed"},
                  {413, "Content Too Large"},
                  {415, "Unsupported Media Type"},
                  {416, "Range Not Satisfiable"},
                  {421, "Misdirected Request"},
                  {422, "Unprocessable Content"},
                  {426, "Upgrade Required"},
                  {429, "Too Many Requests"},
                  {500, "Internal Server Error"},
                  {501, "Not Implemented"},
                  {502, "Bad Gateway"},
                  {503, "Service Unavailable"},
                  {507, "Insufficient Storage"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

void server_answer_text(struct server_exchange *exchange, int status, const char *type, char *text,
                        size_t size) {
    server_answer_clear(&exchange->answer);
    exchange->answer.status = text ? status : 500;
    exchange->answer.type = text ? type : NULL;
    exchange->answer.text = text;
    exchange->answer.size = text ? size : 0;
}

void server_answer_json(struct server_exchange *exchange, int status, json_t *value) {
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(value);
    server_answer_text(exchange, status, "application/json", text, text ? strlen(text) : 0);
}

/* Length of the JSON string at text, with its quotes. */
static size_t string_length(const char *text) {
    const char *end = text + 1;
    while (*end && *end != '"')
        end += *end == '\\' && end[1] ? 2 : 1;
    return (size_t)(end - text) + (*end == '"');
}

/* The number of n characters at text, shortest, to `to`; its length, n at most. */
static size_t shorten(char *to, const char *text, size_t n) {
    char shorter[32];
    const double value = strtod(text, NULL);
    const size_t point = strcspn(text, ".eE");
    for (int digits = 15; digits < 17 && n > 15 && point < n; digits++) {
        size_t size = (size_t)snprintf(shorter, sizeof shorter, "%.*g", digits, value);
        if (size < n && strpbrk(shorter, ".e") && strtod(shorter, NULL) == value) {
            memcpy(to, shorter, size);
            return size;
        }
    }
    memmove(to, text, n);
    return n;
}

void server_answer_exact_json(struct server_exchange *exchange, int status, json_t *value) {
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    char *to = text;
    json_decref(value);
    for (const char *from = text; from && *from;) {
        const bool is_number = *from == '-' || (*from >= '0' && *from <= '9');
        size_t n = *from == '"' ? string_length(from)
                   : is_number  ? strspn(from, "+-0123456789.eE")
                                : 1;
        size_t written = is_number ? shorten(to, from, n) : n;
        if (!is_number)
            memmove(to, from, n);
        from += n;
        to += written;
    }
    if (text)
        *to = 0;
    server_answer_text(exchange, status, "application/json", text, (size_t)(to - text));
}

/* Names that clients gave may be in it, which need not be UTF-8. */
static void make_printable(char *text) {
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
}

/* field NULL: none. */
static void answer_problem(struct server_exchange *exchange, int status, char *field,
                           char *detail) {
    make_printable(detail);
    json_t *problem = json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", "about:blank", "title",
                                server_status_title(status), "status", status, "detail", detail,
                                "request_id", exchange->id);
    if (field) {
        make_printable(field);
        json_object_set_new(problem, "field", json_string(field));
    }
    server_answer_json(exchange, status, problem);
    exchange->answer.type = "application/problem+json";
}

void server_answer_problem(struct server_exchange *exchange, int status, const char *format, ...) {
    char detail[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    answer_problem(exchange, status, NULL, detail);
}

void server_answer_invalid(struct server_exchange *exchange, const char *field,
                           const char *detail) {
    char place[256], text[512];
    snprintf(place, sizeof place, "%s", field);
    snprintf(text, sizeof text, "%s", detail);
    answer_problem(exchange, 422, place, text);
}

const char *server_without_path(const char *message, const char *path) {
    size_t n = strlen(path);
    if (!strncmp(message, path, n) && !strncmp(message + n, ": ", 2))
        return message + n + 2;
    return strstr(message, path) ? "it cannot be decoded" : message;
}

void server_without_flag(char *out, size_t room, const char *message, const char *way) {
    static const char flag[] = "--raw s16le:RATE:CHANNELS";
    const char *at = strstr(message, flag);
    const size_t before = at ? (size_t)(at - message) : strlen(message);
    snprintf(out, room, "%.*s%s%s", (int)before, message, at ? way : "",
             at ? at + sizeof flag - 1 : "");
}
