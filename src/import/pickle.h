/* pickle.h - what a Python pickle describes, without carrying any of it out.
 * SPDX-License-Identifier: MIT
 *
 * A pickle is a program for a stack machine that may name and call anything. Here a name stays a
 * name and a call stays a record of what would have been called with which arguments: nothing runs,
 * whatever the class. Protocols 0 to 5. Values may hold themselves, so nobody may walk them to
 * their leaves without a bound. */
#ifndef DR_IMPORT_PICKLE_H
#define DR_IMPORT_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "diarist/diarist.h"

enum dr_pickle_kind {
    DR_PICKLE_OTHER, /* None, floats, huge integers: nothing that an importer looks at */
    DR_PICKLE_INT,   /* and bool */
    DR_PICKLE_TEXT,
    DR_PICKLE_BYTES,
    DR_PICKLE_TUPLE,
    DR_PICKLE_LIST,
    DR_PICKLE_DICT,
    DR_PICKLE_GLOBAL,     /* text.name, of a module */
    DR_PICKLE_PERSISTENT, /* something outside of the pickle, known by its arguments */
    DR_PICKLE_CALL        /* an object: the result of calling something */
};

struct dr_pickle_text {
    const char *at; /* into the pickle, not ended by a zero */
    size_t length;
};

struct dr_pickle_value {
    enum dr_pickle_kind kind;
    int64_t integer;
    struct dr_pickle_text text; /* TEXT, BYTES; GLOBAL: its name */
    struct dr_pickle_text module;
    const struct dr_pickle_value *function; /* CALL */
    const struct dr_pickle_value *args;     /* CALL, PERSISTENT */
    struct dr_pickle_value **items; /* of TUPLE and LIST; DICT and CALL: key, value, key, ... */
    size_t num_items, capacity;
};

/* The value that the pickle leaves. bytes must stay valid as long as it; the arena owns it. */
int dr_pickle_read(const struct dr_pickle_value **out, const unsigned char *bytes, size_t size,
                   struct dr_arena *arena, diarist_error *err);

bool dr_pickle_is_text(const struct dr_pickle_value *value, const char *text);
bool dr_pickle_is_global(const struct dr_pickle_value *value, const char *module, const char *name);

/* The last value that a dictionary (or an object used as one) has for a key, or NULL. */
const struct dr_pickle_value *dr_pickle_get(const struct dr_pickle_value *dict, const char *key);

#endif
