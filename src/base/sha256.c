/* sha256.c - SHA-256 of bytes that come in parts.
 * SPDX-License-Identifier: MIT */
#include "base/sha256.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct dr_sha256 {
    EVP_MD_CTX *context;
};

struct dr_sha256 *dr_sha256_new(void) {
    struct dr_sha256 *hash = malloc(sizeof *hash);
    if (!hash)
        return NULL;
    hash->context = EVP_MD_CTX_new();
    if (!hash->context || !EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL)) {
        dr_sha256_free(hash);
        return NULL;
    }
    return hash;
}

void dr_sha256_update(struct dr_sha256 *hash, const void *bytes, size_t count) {
    int done = EVP_DigestUpdate(hash->context, bytes, count);
    assert(done); /* fails only on a context that was ended */
    (void)done;
}

void dr_sha256_hex(struct dr_sha256 *hash, char hex[65]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    int done = EVP_DigestFinal_ex(hash->context, digest, NULL);
    assert(done);
    (void)done;
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

void dr_sha256_free(struct dr_sha256 *hash) {
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->context);
    free(hash);
}
