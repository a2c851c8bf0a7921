/* keys.h - who may ask.
 * SPDX-License-Identifier: MIT */
#ifndef SERVER_KEYS_H
#define SERVER_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct server_keys {
    size_t num;
    unsigned char (*hashes)[32]; /* SHA-256 of each: no length or beginning can be guessed by how
                                    long comparing takes */
};

/* Adds those of a list, with commas; NULL or "": none. -1: no memory. */
int server_keys_add(struct server_keys *keys, const char *list);
void server_keys_free(struct server_keys *keys);
/* Whether it is one of them. */
bool server_keys_hold(const struct server_keys *keys, const char *key);

/* Whether a Host header names this machine itself: without keys others are refused, so that no web
 * page can reach the service under a name of its own. */
bool server_host_is_local(const char *host);

#endif
