/* json_cursor.h - reads JSON from memory piece by piece, strictly.
 * SPDX-License-Identifier: MIT
 *
 * Only what a model file's header is made of: punctuation, strings and whole numbers. There is no
 * tree and no recursion: the caller asks for what must come next. */
#ifndef DR_NN_JSON_CURSOR_H
#define DR_NN_JSON_CURSOR_H

#include <stddef.h>
#include <stdint.h>

struct dr_cursor {
    const unsigned char *at, *end; /* what is left to read */
    char *pool;                    /* where the next decoded string goes */
};

/* 1 and moves on if the next character after white space is c, otherwise 0. */
int dr_cursor_take(struct dr_cursor *json, char c);

/* The next string, decoded and ended by a NUL, in the pool; NULL if there is none, or one that is
 * not valid UTF-8, is cut, or contains a control character, a NUL or half a surrogate pair.
 * All strings of a text of n bytes fit into a pool of n bytes. */
const char *dr_cursor_string(struct dr_cursor *json, size_t *length);

/* The next number into *value; 0 if there is none or it is not a whole number from 0 to 2^64-1
 * written with digits only. */
int dr_cursor_uint(struct dr_cursor *json, uint64_t *value);

/* 1 if only white space is left. */
int dr_cursor_at_end(struct dr_cursor *json);

#endif
