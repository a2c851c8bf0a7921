/* system_entry.h - a system as a specification or a list of systems names it.
 * SPDX-License-Identifier: MIT */
#ifndef BENCH_SYSTEM_ENTRY_H
#define BENCH_SYSTEM_ENTRY_H

#include <diarist/bench.h>

#include "field.h"

/* Checks an entry of a specification and appends it, with every key, to systems. listed: systems of
 * bench_system_list_load by id. DIARIST_ERROR_ARGUMENT names the field. */
int bench_system_entry_resolve(json_t *systems, json_t *entry, const struct bench_place *place,
                               json_t *listed, bool refuse_commands);

/* Adds the systems of a JSON list to listed, by id. DIARIST_ERROR_INPUT: it cannot be read;
 * DIARIST_ERROR_ARGUMENT names file, entry and field. */
int bench_system_list_load(json_t *listed, const char *file, diarist_error *err);

#endif
