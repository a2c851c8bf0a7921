/* secrets.h - what must not be published: keys, tokens, passwords.
 * SPDX-License-Identifier: MIT
 *
 * Found are private keys; tokens of common services by their form; `Authorization` headers;
 * passwords in URLs; values given to names like API_KEY, SECRET or PASSWORD; files like .env.
 * Placeholders (<key>, ${KEY}, changeme, ...) are none. E-mail addresses are no secrets. */
#ifndef BENCH_SECRETS_H
#define BENCH_SECRETS_H

#include <stddef.h>

/* kind: a few words, static storage. The secret itself is never handed out. */
typedef void bench_secret_fn(void *data, size_t line, const char *kind);

/* Calls found for each secret that begins in text [begin, end) of [size]; at most once a line and
 * kind in a row. `line`: that of text[0], counted from 1; the line of text[end] is returned. */
size_t bench_scan_text(const char *text, size_t size, size_t begin, size_t end, size_t line,
                       bench_secret_fn *found, void *data);

/* What a file is by its name alone; NULL: nothing. */
const char *bench_secret_file(const char *name);

#endif
