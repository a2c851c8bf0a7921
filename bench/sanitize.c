/* sanitize.c - a report without what is nobody else's business.
 * SPDX-License-Identifier: MIT */
#include "sanitize.h"

#include "text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* May an absolute path begin behind this byte? Not inside a word, a URL or a relative path. */
static bool may_begin_behind(char c) {
    return !isalnum((unsigned char)c) && (unsigned char)c < 0x80 && !strchr("/._-~", c);
}

static bool begins_path(const char *c, char before) {
    return c[0] == '/' && c[1] && c[1] != '/' && !isspace((unsigned char)c[1]) &&
           may_begin_behind(before);
}

/* The bytes of the path at c. One in quotes ends with them; one that the text begins with, at ": "
 * or with the text, so that both may hold blanks; others at a blank or a bracket. No path goes on
 * where another begins. */
static size_t path_length(const char *text, const char *c) {
    char before = c > text ? c[-1] : ' ';
    bool quoted = before == '\'' || before == '"';
    size_t n = 1;
    for (; c[n] && !begins_path(c + n, c[n - 1]); n++) {
        if (quoted      ? c[n] == before
            : c == text ? c[n] == ':' && c[n + 1] == ' '
                        : isspace((unsigned char)c[n]) || strchr("\"'<>|;,:()[]{}", c[n]))
            break;
    }
    return n;
}

/* What is left of a path: relative to the run's folder, or its last part. */
static void add_rest(struct bench_text *out, const char *path, size_t size, const char *run_dir) {
    size_t n = run_dir ? strlen(run_dir) : 0, begin = size;
    while (size > 1 && path[size - 1] == '/')
        begin = --size;
    if (n && size > n && !memcmp(path, run_dir, n) && path[n] == '/') {
        while (n < size && path[n] == '/')
            n++;
        bench_text_bytes(out, path + n, size - n);
        return;
    }
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    if (begin == 6 && !memcmp(path, "/home/", 6)) {
        bench_text_bytes(out, "~", 1); /* the last part is a person's name */
        return;
    }
    bench_text_bytes(out, path + begin, size - begin);
}

char *bench_sanitize_text(const char *text, const char *run_dir) {
    struct bench_text out = {0};
    for (const char *c = text; *c;) {
        bool url = !strncmp(c, "file:///", 8);
        const char *path = url ? c + 7 : c;
        if (url || begins_path(c, c > text ? c[-1] : ' ')) {
            size_t n = path_length(text, path);
            add_rest(&out, path, n, run_dir);
            c = path + n;
        } else {
            bench_text_bytes(&out, c++, 1);
        }
    }
    return bench_text_take(&out);
}

static int clean(json_t *value, const char *run_dir) {
    const char *key;
    json_t *inner;
    size_t i;
    void *next;
    int failed = 0;
    if (json_is_string(value)) {
        char *text = bench_sanitize_text(json_string_value(value), run_dir);
        failed = !text || json_string_set(value, text);
        free(text);
    }
    json_array_foreach(value, i, inner) failed = failed || clean(inner, run_dir);
    json_object_foreach_safe(value, next, key, inner) failed = failed || clean(inner, run_dir);
    return failed ? -1 : 0;
}

static void drop_hostnames(json_t *value) {
    const char *key;
    json_t *inner;
    json_object_del(value, "hostname");
    json_object_foreach(value, key, inner) drop_hostnames(inner);
}

int bench_sanitize(json_t *report) {
    json_t *paths = json_object_get(report, "artifact_paths");
    json_t *run_dir = json_incref(json_object_get(paths, "run_dir"));
    json_object_del(paths, "run_dir");
    drop_hostnames(json_object_get(report, "machine_fingerprint"));
    int failed = clean(report, json_string_value(run_dir));
    json_decref(run_dir);
    return failed;
}
