/* library.h - shared libraries that few commands use: loaded when one first does.
 * SPDX-License-Identifier: MIT
 *
 * They and what they need are most of what starting the program would otherwise take. The program
 * names them in notes for those who package it (the ELF dlopen metadata specification of
 * uapi-group.org): readelf -p .note.dlopen PROGRAM. */
#ifndef COMMON_LIBRARY_H
#define COMMON_LIBRARY_H

#include "diarist/diarist.h"

#include <stddef.h>
#include <stdint.h>

/* Loads soname, for good, and puts num of its functions into `functions`, a struct of nothing but
 * pointers to functions, in the order of their names. DIARIST_ERROR_LIMIT: it cannot be had. */
int common_library_load(void *functions, const char *const *names, size_t num, const char *soname,
                        diarist_error *err);

#define COMMON_LIBRARY_NOTE_TYPE 0x407c0c0a

/* At file level, once for each library: its note. Both are string literals. */
#define COMMON_LIBRARY_NOTE(soname, description)                                      \
    COMMON_LIBRARY_NOTE_OF("[{\"soname\":[\"" soname "\"],\"feature\":\"" description \
                           "\",\"priority\":\"recommended\"}]")
#define COMMON_LIBRARY_NOTE_OF(json)                                                 \
    __attribute__((used, section(".note.dlopen"), aligned(4))) static const struct { \
        uint32_t name_size, size, type;                                              \
        char name[4], text[(sizeof(json) + 3) / 4 * 4];                              \
    } library_note = {4, sizeof(json), COMMON_LIBRARY_NOTE_TYPE, "FDO", json}

#endif
