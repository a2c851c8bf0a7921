/* arena.h - memory that is freed all at once.
 * SPDX-License-Identifier: MIT
 *
 * An arena belongs to one owner (a model, a recording, a call, a worker). Its memory is 64-byte
 * aligned and is given back by dr_arena_free, or rewound to a mark so that a loop can use the same
 * bytes again. Not for several threads at once. */
#ifndef DR_BASE_ARENA_H
#define DR_BASE_ARENA_H

#include <stddef.h>

#define DR_ALIGN 64

struct dr_arena_block;
struct dr_arena {
    struct dr_arena_block *blocks; /* newest first */
};
struct dr_arena_mark {
    struct dr_arena_block *block;
    size_t used;
};

/* count * size bytes, uninitialised; NULL when there is no memory or the product overflows. */
void *dr_arena_alloc(struct dr_arena *arena, size_t count, size_t size);
/* The same, zeroed. */
void *dr_arena_zalloc(struct dr_arena *arena, size_t count, size_t size);

/* Makes an empty arena ready for allocations of so many bytes in all, each rounded up to DR_ALIGN,
 * and no more: after dr_arena_mark, allocating and rewinding take nothing from the system (but
 * where a sanitizer wants blocks of their own). -1 when there is no memory. */
int dr_arena_reserve(struct dr_arena *arena, size_t bytes);

struct dr_arena_mark dr_arena_mark(const struct dr_arena *arena);
/* Gives back everything allocated after the mark. */
void dr_arena_rewind(struct dr_arena *arena, struct dr_arena_mark mark);
/* Gives back everything; the arena may be used again. */
void dr_arena_free(struct dr_arena *arena);

#endif
