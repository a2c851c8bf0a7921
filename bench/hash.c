/* hash.c - SHA-256 of parts.
 * SPDX-License-Identifier: MIT */
#include "hash.h"

#include "text.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bench_hash {
    EVP_MD_CTX *context;
    bool failed;
};

struct bench_hash *bench_hash_new(void) {
    struct bench_hash *hash = calloc(1, sizeof *hash);
    if (hash) {
        hash->context = EVP_MD_CTX_new();
        hash->failed = !hash->context || !EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL);
    }
    return hash;
}

void bench_hash_bytes(struct bench_hash *hash, const void *bytes, size_t size) {
    if (!hash->failed)
        hash->failed = !EVP_DigestUpdate(hash->context, bytes, size);
}

void bench_hash_text(struct bench_hash *hash, const char *format, ...) {
    char text[512], *longer = NULL;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(text, sizeof text, format, args);
    if (size >= (int)sizeof text && (longer = malloc((size_t)size + 1)))
        vsnprintf(longer, (size_t)size + 1, format, again);
    va_end(again);
    va_end(args);
    hash->failed |= size < 0 || (size >= (int)sizeof text && !longer);
    if (!hash->failed)
        bench_hash_bytes(hash, longer ? longer : text, (size_t)size + 1);
    free(longer);
}

int bench_hash_end(struct bench_hash *hash, char hex[65]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    bool failed = !hash || hash->failed || !EVP_DigestFinal_ex(hash->context, digest, NULL);
    memset(hex, 0, 65);
    for (int i = 0; i < 32 && !failed; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (hash)
        EVP_MD_CTX_free(hash->context);
    free(hash);
    return failed ? -1 : 0;
}
