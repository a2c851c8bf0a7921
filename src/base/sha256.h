/* sha256.h - SHA-256 of bytes that come in parts.
 * SPDX-License-Identifier: MIT */
#ifndef DR_BASE_SHA256_H
#define DR_BASE_SHA256_H

#include <stddef.h>

struct dr_sha256;

struct dr_sha256 *dr_sha256_new(void); /* NULL: no memory */
void dr_sha256_update(struct dr_sha256 *hash, const void *bytes, size_t count);
/* Ends it: 64 hex digits and a terminating zero. Called once, nothing may be added after it. */
void dr_sha256_hex(struct dr_sha256 *hash, char hex[65]);
void dr_sha256_free(struct dr_sha256 *hash); /* NULL allowed */

#endif
