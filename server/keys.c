/* keys.c - who may ask.
 * SPDX-License-Identifier: MIT */
#include "keys.h"

#include "server.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

int server_keys_add(struct server_keys *keys, const char *list) {
    for (const char *key = list ? list : ""; *key; key += strspn(key, ", ")) {
        size_t n = strcspn(key, ", ");
        unsigned char(*grown)[32] = n ? realloc(keys->hashes, 32 * (keys->num + 1)) : keys->hashes;
        if (n && !grown)
            return -1;
        keys->hashes = grown;
        if (n)
            SHA256((const unsigned char *)key, n, keys->hashes[keys->num++]);
        key += n;
    }
    return 0;
}

void server_keys_free(struct server_keys *keys) {
    free(keys->hashes);
    *keys = (struct server_keys){0};
}

bool server_keys_hold(const struct server_keys *keys, const char *key) {
    unsigned char hash[32];
    bool held = false;
    SHA256((const unsigned char *)key, strlen(key), hash);
    for (size_t i = 0; i < keys->num; i++)
        held |= !CRYPTO_memcmp(hash, keys->hashes[i], sizeof hash);
    return held;
}

bool server_is_loopback(const char *address) {
    return !strncmp(address, "127.", 4);
}

bool server_host_is_local(const char *host) {
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (!strncmp(host, names[i], n) && (!host[n] || host[n] == ':'))
            return true;
    }
    return false;
}
