/* hash.h - SHA-256 of parts.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_HASH_H
#define BENCH_HASH_H

#include <stddef.h>

struct bench_hash;

/* NULL when there is no memory. */
struct bench_hash *bench_hash_new(void);
void bench_hash_bytes(struct bench_hash *hash, const void *bytes, size_t size);
/* A text made as printf would, and the zero behind it, so that parts do not run together. */
void bench_hash_text(struct bench_hash *hash, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The hash in hex; frees it. -1 when memory had run out. hash may be NULL. */
int bench_hash_end(struct bench_hash *hash, char hex[65]);

#endif
