/* text.c - a text that grows.
 * SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and a zero. */
static bool reserve(struct bench_text *text, size_t more) {
    if (text->failed)
        return false;
    if (more < text->capacity - text->size)
        return true;
    size_t wanted = text->capacity < 256 ? 256 : 2 * text->capacity;
    char *bytes = NULL;
    if (more < SIZE_MAX / 2 - text->size) {
        if (wanted < text->size + more + 1)
            wanted = text->size + more + 1;
        bytes = realloc(text->bytes, wanted);
    }
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = wanted;
    return true;
}

void bench_text_bytes(struct bench_text *text, const char *bytes, size_t size) {
    if (!reserve(text, size))
        return;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = 0;
}

static void add(struct bench_text *text, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    if (size < 0)
        text->failed = true;
    else if (reserve(text, (size_t)size))
        text->size += (size_t)vsnprintf(text->bytes + text->size, (size_t)size + 1, format, again);
    va_end(again);
}

void bench_text_add(struct bench_text *text, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(text, format, args);
    va_end(args);
}

char *bench_text_take(struct bench_text *text) {
    bench_text_bytes(text, "", 0);
    char *bytes = text->failed ? NULL : text->bytes;
    if (text->failed)
        free(text->bytes);
    *text = (struct bench_text){0};
    return bytes;
}

void bench_text_free(struct bench_text *text) {
    free(text->bytes);
    *text = (struct bench_text){0};
}

char *bench_text_of(const char *format, ...) {
    struct bench_text text = {0};
    va_list args;
    va_start(args, format);
    add(&text, format, args);
    va_end(args);
    return bench_text_take(&text);
}
