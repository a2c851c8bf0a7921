/* zip.c - the entries of a zip archive in memory: stored or deflated, zip64 or not.
 * SPDX-License-Identifier: MIT
 *
 * end record (found from behind) -> central directory -> per entry its local header -> content.
 * Format: PKWARE's APPNOTE.TXT. */
#include "import/zip.h"

#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "import/refuse.h"

enum {
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    ENTRY_SIZE = 46,
    LOCAL_SIZE = 30,
    MAX_COMMENT = 65535,
    MAX_ENTRIES = 1 << 16,
    STORED = 0,
    DEFLATED = 8,
    ENCRYPTED = 1,   /* a flag */
    MAX_RATIO = 1032 /* deflate makes nothing smaller than this part */
};
#define END_MARK 0x06054b50u
#define LOCATOR_MARK 0x07064b50u
#define END64_MARK 0x06064b50u
#define ENTRY_MARK 0x02014b50u
#define LOCAL_MARK 0x04034b50u
#define NOT_HERE 0xffffffffu /* the number stands in the zip64 field */
#define MAX_INFLATED ((uint64_t)1 << 30)

static uint16_t u16(const unsigned char *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t u32(const unsigned char *at) {
    return u16(at) | (uint32_t)u16(at + 2) << 16;
}

static uint64_t u64(const unsigned char *at) {
    return u32(at) | (uint64_t)u32(at + 4) << 32;
}

/* The bytes from offset on, or NULL when there are not so many. */
static const unsigned char *part(const struct dr_zip *zip, uint64_t offset, uint64_t size) {
    if (offset > zip->num_bytes || size > zip->num_bytes - offset)
        return NULL;
    return zip->bytes + offset;
}

struct directory {
    uint64_t offset, size, num_entries;
};

/* The same numbers from the zip64 end record, when a locator stands before the old one. */
static int read_end64(const struct dr_zip *zip, uint64_t end_offset, struct directory *out,
                      diarist_error *err) {
    const unsigned char *locator =
        end_offset < LOCATOR_SIZE ? NULL : part(zip, end_offset - LOCATOR_SIZE, LOCATOR_SIZE);
    if (!locator || u32(locator) != LOCATOR_MARK)
        return DIARIST_OK;
    const unsigned char *end = part(zip, u64(locator + 8), END64_SIZE);
    if (!end || u32(end) != END64_MARK)
        return dr_damaged(err, "the zip's 64-bit end record is missing");
    *out = (struct directory){
        .num_entries = u64(end + 32), .size = u64(end + 40), .offset = u64(end + 48)};
    return DIARIST_OK;
}

static int read_end(const struct dr_zip *zip, struct directory *out, diarist_error *err) {
    for (uint64_t back = END_SIZE; back <= zip->num_bytes && back <= END_SIZE + MAX_COMMENT;
         back++) {
        const unsigned char *end = zip->bytes + (zip->num_bytes - back);
        if (u32(end) != END_MARK)
            continue;
        *out = (struct directory){
            .num_entries = u16(end + 10), .size = u32(end + 12), .offset = u32(end + 16)};
        return read_end64(zip, zip->num_bytes - back, out, err);
    }
    return dr_damaged(err, "it is not a whole zip archive");
}

/* Numbers that do not fit into 32 bits stand in the extra field 1, in this order. */
static void read_extra64(struct dr_zip_entry *entry, const unsigned char *extra, size_t size) {
    while (size >= 4) {
        const size_t length = u16(extra + 2);
        if (length > size - 4)
            return;
        if (u16(extra) == 1) {
            uint64_t *const numbers[] = {&entry->size, &entry->packed_size, &entry->offset};
            const unsigned char *at = extra + 4;
            for (size_t i = 0; i < 3 && at + 8 <= extra + 4 + length; i++)
                if (*numbers[i] == NOT_HERE) {
                    *numbers[i] = u64(at);
                    at += 8;
                }
            return;
        }
        extra += 4 + length;
        size -= 4 + length;
    }
}

/* One entry of the directory; its length there, or 0 when it is cut or there is no memory. */
static size_t read_entry(struct dr_zip_entry *entry, struct dr_arena *arena,
                         const unsigned char *at, uint64_t left) {
    if (left < ENTRY_SIZE || u32(at) != ENTRY_MARK)
        return 0;
    const size_t name = u16(at + 28), extra = u16(at + 30), comment = u16(at + 32);
    if (name + extra + comment > left - ENTRY_SIZE)
        return 0;
    char *text = dr_arena_alloc(arena, name + 1, 1);
    if (!text)
        return 0;
    memcpy(text, at + ENTRY_SIZE, name);
    text[name] = 0;
    *entry = (struct dr_zip_entry){.name = text,
                                   .flags = u16(at + 8),
                                   .method = u16(at + 10),
                                   .crc = u32(at + 16),
                                   .packed_size = u32(at + 20),
                                   .size = u32(at + 24),
                                   .offset = u32(at + 42)};
    read_extra64(entry, at + ENTRY_SIZE + name, extra);
    return ENTRY_SIZE + name + extra + comment;
}

int dr_zip_open(struct dr_zip *zip, const unsigned char *bytes, size_t num_bytes,
                struct dr_arena *arena, diarist_error *err) {
    struct directory directory = {0};
    *zip = (struct dr_zip){.arena = arena, .bytes = bytes, .num_bytes = num_bytes};
    int status = read_end(zip, &directory, err);
    if (status)
        return status;
    const unsigned char *at = part(zip, directory.offset, directory.size);
    if (!at || directory.num_entries > directory.size / ENTRY_SIZE ||
        directory.num_entries > MAX_ENTRIES)
        return dr_damaged(err, "the zip's directory is not in it");
    zip->entries = dr_arena_alloc(arena, directory.num_entries + 1, sizeof *zip->entries);
    if (!zip->entries)
        return dr_fail_memory(err);
    for (uint64_t left = directory.size; zip->num_entries < directory.num_entries;) {
        size_t used = read_entry(&zip->entries[zip->num_entries], arena, at, left);
        if (!used)
            return dr_damaged(err, "entry %zu of the zip's directory is broken", zip->num_entries);
        zip->num_entries++;
        at += used;
        left -= used;
    }
    return DIARIST_OK;
}

struct dr_zip_entry *dr_zip_find(const struct dr_zip *zip, const char *name) {
    for (size_t i = 0; i < zip->num_entries; i++)
        if (!strcmp(zip->entries[i].name, name))
            return &zip->entries[i];
    return NULL;
}

/* packed[packed_size] -> out[size], which must be filled to its end. */
static bool inflate_all(unsigned char *out, uint64_t size, const unsigned char *packed,
                        uint64_t packed_size) {
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)packed,
                       .avail_in = (uInt)packed_size,
                       .next_out = out,
                       .avail_out = (uInt)size};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return false;
    const int result = inflate(&stream, Z_FINISH);
    const bool whole = result == Z_STREAM_END && stream.avail_out == 0;
    inflateEnd(&stream);
    return whole;
}

static int unpack(struct dr_zip *zip, struct dr_zip_entry *entry, const unsigned char *packed,
                  diarist_error *err) {
    if (entry->size / MAX_RATIO > entry->packed_size || entry->packed_size > MAX_INFLATED ||
        entry->size > MAX_INFLATED - zip->inflated)
        return dr_damaged(err, "entry %.80s of the zip says that it has %llu bytes", entry->name,
                          (unsigned long long)entry->size);
    unsigned char *content = dr_arena_alloc(zip->arena, entry->size + 1, 1);
    if (!content)
        return dr_fail_memory(err);
    zip->inflated += entry->size;
    if (!inflate_all(content, entry->size, packed, entry->packed_size))
        return dr_damaged(err, "entry %.80s of the zip cannot be unpacked", entry->name);
    entry->content = content;
    return DIARIST_OK;
}

int dr_zip_read(struct dr_zip *zip, struct dr_zip_entry *entry, diarist_error *err) {
    if (entry->content)
        return DIARIST_OK;
    const unsigned char *local = part(zip, entry->offset, LOCAL_SIZE);
    if (!local || u32(local) != LOCAL_MARK)
        return dr_damaged(err, "entry %.80s is not in the zip", entry->name);
    const uint64_t start = entry->offset + LOCAL_SIZE + u16(local + 26) + u16(local + 28);
    const unsigned char *packed = part(zip, start, entry->packed_size);
    if (!packed || (entry->method == STORED && entry->size != entry->packed_size))
        return dr_damaged(err, "entry %.80s of the zip is cut", entry->name);
    if (entry->flags & ENCRYPTED || (entry->method != STORED && entry->method != DEFLATED))
        return dr_refuse(err, "pack it again, stored or deflated",
                         "entry %.80s of the zip is packed in a way that is not read here",
                         entry->name);
    if (entry->method == DEFLATED) {
        int status = unpack(zip, entry, packed, err);
        if (status)
            return status;
    } else {
        entry->content = packed;
    }
    if (crc32_z(0, entry->content, entry->size) != entry->crc) {
        entry->content = NULL;
        return dr_damaged(err, "entry %.80s of the zip has a wrong checksum", entry->name);
    }
    return DIARIST_OK;
}
