/* arena.c - memory that is freed all at once.
 * SPDX-License-Identifier: MIT
 *
 * A stack of malloc'd blocks, newest first; each allocation is cut from the newest block, which is
 * replaced by a larger one when it is full:
 *
 *     [header|aaaa|bb|ccccc|  free  ]  ->  [header|ddddddddd|  free  ]  (older)
 *
 * Under AddressSanitizer every allocation is a block of its own, so that overruns are seen. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

struct dr_arena_block {
    struct dr_arena_block *older;
    size_t size, used; /* of data, bytes */
    char pad[DR_ALIGN - sizeof(void *) - 2 * sizeof(size_t)];
    char data[];
};

static struct dr_arena_block *new_block(struct dr_arena *arena, size_t bytes) {
    size_t size = bytes;
    if (!ONE_BLOCK_EACH && size < MIN_BLOCK)
        size = MIN_BLOCK;
    struct dr_arena_block *block = NULL;
    if (posix_memalign((void **)&block, DR_ALIGN, sizeof *block + size))
        return NULL;
    block->older = arena->blocks;
    block->size = size;
    block->used = 0;
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
        block = new_block(arena, room);
    if (!block)
        return NULL;
    void *p = block->data + block->used;
    block->used += room;
    return p;
}

void *dr_arena_zalloc(struct dr_arena *arena, size_t count, size_t size) {
    void *p = dr_arena_alloc(arena, count, size);
    if (p)
        memset(p, 0, count * size);
    return p;
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
