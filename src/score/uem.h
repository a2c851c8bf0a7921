/* uem.h - which regions of which recordings are scored.
 * SPDX-License-Identifier: MIT */
#ifndef DR_SCORE_UEM_H
#define DR_SCORE_UEM_H

#include "base/arena.h"
#include "diarist/score.h"

struct dr_uem_recording {
    const char *id;
    size_t num, capacity;
    diarist_region *regions; /* [num], as they were added */
};

struct diarist_uem {
    size_t num, capacity;
    struct dr_uem_recording **recordings; /* [num], as they were first named */
    void *index;                          /* search tree of ids */
    struct dr_arena arena;                /* the ids */
};

#endif
