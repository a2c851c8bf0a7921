/* placeholder.h - {audio}, {out} and the like in the arguments of a command.
 * SPDX-License-Identifier: MIT
 *
 * A name in braces, of lower-case letters, digits and underscores, stands for a value; {{ and }}
 * around such a name are the braces themselves. All other braces are what they are. */
#ifndef BENCH_PLACEHOLDER_H
#define BENCH_PLACEHOLDER_H

#include <jansson.h>

/* The next {name} at or after text: its name's start, *size its length. NULL: none. */
const char *bench_placeholder_next(const char *text, size_t *size);

/* text with each {name} replaced by the value of that name (strings, numbers, true, false), to be
 * freed. NULL: no memory. A name without a value stays as it is. */
char *bench_placeholder_fill(const char *text, const json_t *values);

#endif
