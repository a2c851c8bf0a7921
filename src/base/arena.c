/* arena.c - memory that is freed all at once.
 * SPDX-License-Identifier: MIT
 *
 * A stack of malloc'd blocks, newest first; each allocation is cut from the newest block, which is
 * replaced by a larger one when it is full:
 *
 *     [header|aaaa|bb|ccccc|  free  ]  ->  [header|ddddddddd|  free  ]  (older)
 *
 * Blocks double until they are HUGE, and larger ones are multiples of it: the system can back those
 * by huge pages, which saves a fault each 4 KiB and, where weights stream, misses of the TLB.
 *
 * Under AddressSanitizer every allocation is a block of its own, so that overruns are seen. */
#define _DEFAULT_SOURCE /* madvise */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define ONE_BLOCK_EACH 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ONE_BLOCK_EACH 1
#endif
#endif
#ifndef ONE_BLOCK_EACH
#define ONE_BLOCK_EACH 0
#endif

#define MIN_BLOCK ((size_t)64 << 10)
#define HUGE ((size_t)2 << 20)

struct dr_arena_block {
    struct dr_arena_block *older;
    size_t size, used; /* bytes, with this header */
    char pad[DR_ALIGN - sizeof(void *) - 2 * sizeof(size_t)];
};

/* Of a new block for an allocation of `bytes`, header included. */
static size_t block_size(const struct dr_arena *arena, size_t bytes) {
    size_t size = sizeof *arena->blocks + bytes;
    if (ONE_BLOCK_EACH)
        return size;
    size_t least = arena->blocks ? 2 * arena->blocks->size : MIN_BLOCK;
    least = least < HUGE ? least : HUGE;
    size = size > least ? size : least;
    return size < HUGE / 2 ? size : (size + HUGE - 1) / HUGE * HUGE;
}

/* Of `size` bytes, header included. */
static struct dr_arena_block *new_block(struct dr_arena *arena, size_t size) {
    const size_t align = size % HUGE ? DR_ALIGN : HUGE;
    struct dr_arena_block *block = NULL;
    if (posix_memalign((void **)&block, align, size))
        return NULL;
#ifdef MADV_HUGEPAGE
    if (align == HUGE)
        madvise(block, size, MADV_HUGEPAGE);
#endif
    block->older = arena->blocks;
    block->size = size;
    block->used = sizeof *block;
    arena->blocks = block;
    return block;
}

void *dr_arena_alloc(struct dr_arena *arena, size_t count, size_t size) {
    if (size && count > (SIZE_MAX / 2 - DR_ALIGN) / size)
        return NULL;
    size_t bytes = count * size;
    size_t room = ONE_BLOCK_EACH ? bytes : (bytes + DR_ALIGN - 1) / DR_ALIGN * DR_ALIGN;
    struct dr_arena_block *block = arena->blocks;
    if (ONE_BLOCK_EACH || !block || block->size - block->used < room)
        block = new_block(arena, block_size(arena, room));
    if (!block)
        return NULL;
    void *p = (char *)block + block->used;
    block->used += room;
    return p;
}

void *dr_arena_zalloc(struct dr_arena *arena, size_t count, size_t size) {
    void *p = dr_arena_alloc(arena, count, size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

int dr_arena_reserve(struct dr_arena *arena, size_t bytes) {
    return new_block(arena, sizeof(struct dr_arena_block) + bytes) ? 0 : -1;
}

struct dr_arena_mark dr_arena_mark(const struct dr_arena *arena) {
    struct dr_arena_mark mark = {arena->blocks, arena->blocks ? arena->blocks->used : 0};
    return mark;
}

void dr_arena_rewind(struct dr_arena *arena, struct dr_arena_mark mark) {
    while (arena->blocks != mark.block) {
        struct dr_arena_block *block = arena->blocks;
        arena->blocks = block->older;
        free(block);
    }
    if (arena->blocks)
        arena->blocks->used = mark.used;
}

void dr_arena_free(struct dr_arena *arena) {
    struct dr_arena_mark empty = {NULL, 0};
    dr_arena_rewind(arena, empty);
}
