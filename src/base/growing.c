/* growing.c - arrays that grow as they are filled.
 * SPDX-License-Identifier: MIT */
#include "base/growing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int dr_grow(void *array, size_t *room, size_t needed, size_t size, diarist_error *err) {
    void *now, *grown = NULL;
    if (needed <= *room)
        return DIARIST_OK;
    size_t more = needed + needed / 4;
    memcpy(&now, array, sizeof now); /* array is a pointer to a pointer of any type */
    if (more <= SIZE_MAX / 2 / size)
        grown = realloc(now, more * size);
    if (!grown)
        return dr_fail_memory(err);
    memcpy(array, &grown, sizeof grown);
    *room = more;
    return DIARIST_OK;
}
