/* sha256_none.c - for a build without libcrypto: there is no SHA-256.
 * SPDX-License-Identifier: MIT */
#include "base/sha256.h"

struct dr_sha256 *dr_sha256_new(void) {
    return NULL;
}

void dr_sha256_update(struct dr_sha256 *hash, const void *bytes, size_t count) {
    (void)hash;
    (void)bytes;
    (void)count;
}

void dr_sha256_hex(struct dr_sha256 *hash, char hex[65]) {
    (void)hash;
    hex[0] = '\0';
}

void dr_sha256_free(struct dr_sha256 *hash) {
    (void)hash;
}
