/* growing.h - arrays that grow as they are filled.
 * SPDX-License-Identifier: MIT */
#ifndef DR_BASE_GROWING_H
#define DR_BASE_GROWING_H

#include <stddef.h>

#include "base/error.h"

/* Makes room for `needed` items of `size` bytes in *array, which has room for *room. A quarter more
 * is taken than asked for; pages that are never touched cost nothing. DIARIST_ERROR_MEMORY, with
 * the array as it was. */
int dr_grow(void *array, size_t *room, size_t needed, size_t size, diarist_error *err);

#endif
