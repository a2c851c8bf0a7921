/* text.h - a text that grows.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Begins as zeros. Once memory has run out, nothing is added any more. */
struct bench_text {
    char *bytes; /* [size], and a zero behind them; NULL while empty */
    size_t size, capacity;
    bool failed; /* memory has run out */
};

void bench_text_add(struct bench_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bench_text_bytes(struct bench_text *text, const char *bytes, size_t size);
/* Hands the text over to be freed and begins anew; NULL when memory has run out. */
char *bench_text_take(struct bench_text *text);
void bench_text_free(struct bench_text *text);

/* A new text made as printf would, to be freed; NULL when there is no memory. */
char *bench_text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
