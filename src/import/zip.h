/* zip.h - the entries of a zip archive in memory: stored or deflated, zip64 or not.
 * SPDX-License-Identifier: MIT
 *
 * Read through the central directory, as everybody does; nothing of it is believed unchecked. */
#ifndef DR_IMPORT_ZIP_H
#define DR_IMPORT_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "diarist/diarist.h"

struct dr_zip_entry {
    const char *name;
    uint64_t size, packed_size; /* of the content, and as it lies in the archive */
    uint64_t offset;            /* of its local header */
    uint32_t crc;
    uint16_t method, flags;
    const unsigned char *content; /* once read */
};

struct dr_zip {
    struct dr_arena *arena; /* owns names and what was inflated */
    const unsigned char *bytes;
    size_t num_bytes;
    struct dr_zip_entry *entries;
    size_t num_entries;
    uint64_t inflated; /* bytes so far */
};

/* bytes must stay valid as long as the zip. */
int dr_zip_open(struct dr_zip *zip, const unsigned char *bytes, size_t num_bytes,
                struct dr_arena *arena, diarist_error *err);

struct dr_zip_entry *dr_zip_find(const struct dr_zip *zip, const char *name); /* or NULL */

/* Makes entry->content valid: entry->size bytes whose checksum is right. */
int dr_zip_read(struct dr_zip *zip, struct dr_zip_entry *entry, diarist_error *err);

#endif
