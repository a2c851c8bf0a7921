/* npz.c - NumPy's archives: a zip of arrays, stored as they are.
 * SPDX-License-Identifier: MIT
 *
 * per array: local header, name, .npy = magic, header text, items; then the directory of all, and
 * where it lies. Fields as in APPNOTE.TXT 6.3, .npy of version 1.0. */
#include "output/npz.h"

#include "base/error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum {
    MAX_HEADER = 192, /* of an .npy: 128 with three dimensions of 20 digits, in whole 64 bytes */
    LOCAL_BYTES = 30,
    DIRECTORY_BYTES = 46,
    END_BYTES = 22,
    VERSION = 20,          /* of zip: 2.0 */
    FIRST_DAY = 1 << 5 | 1 /* 1980-01-01: the same arrays are the same bytes */
};

static const char extension[] = ".npy";

struct entry {
    const char *name; /* without .npy */
    uint64_t size, offset;
    uint32_t crc;
};

static uint64_t num_items(const struct dr_npz_array *array) {
    uint64_t num = 1;
    for (size_t d = 0; d < array->num_dims; d++)
        num *= array->shape[d];
    return num;
}

/* Magic, length and text, padded to whole 64 bytes. Returns how many. */
static size_t make_header(char header[MAX_HEADER], const struct dr_npz_array *array) {
    char text[MAX_HEADER];
    int used = snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                        array->type);
    for (size_t d = 0; d < array->num_dims; d++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%zu, ", array->shape[d]);
    used += snprintf(text + used, sizeof text - (size_t)used, "), }");
    const size_t whole = (10 + (size_t)used + 1 + 63) / 64 * 64;
    assert(whole <= MAX_HEADER);
    memset(header, ' ', whole);
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)((whole - 10) & 255);
    header[9] = (char)((whole - 10) >> 8);
    memcpy(header + 10, text, (size_t)used);
    header[whole - 1] = '\n';
    return whole;
}

/* Bytes of a file's header, low ones first. */
struct fields {
    unsigned char bytes[DIRECTORY_BYTES];
    size_t used;
};

static void put(struct fields *fields, uint64_t value, size_t num_bytes) {
    for (size_t i = 0; i < num_bytes; i++)
        fields->bytes[fields->used++] = (unsigned char)(value >> 8 * i);
}

static void flush(struct fields *fields, struct dr_sink *sink) {
    dr_sink_put(sink, (const char *)fields->bytes, fields->used);
    fields->used = 0;
}

/* What local headers and the directory both say of an entry. */
static void put_entry(struct fields *fields, const struct entry *entry) {
    put(fields, VERSION, 2);
    put(fields, 0, 2); /* flags */
    put(fields, 0, 2); /* method: stored */
    put(fields, 0, 2); /* time */
    put(fields, FIRST_DAY, 2);
    put(fields, entry->crc, 4);
    put(fields, entry->size, 4); /* packed */
    put(fields, entry->size, 4);
    put(fields, strlen(entry->name) + strlen(extension), 2);
    put(fields, 0, 2); /* extra field */
}

static void put_name(struct dr_sink *sink, const struct entry *entry) {
    dr_sink_text(sink, entry->name);
    dr_sink_text(sink, extension);
}

/* An array where the archive has come to; returns the bytes that it takes. */
static uint64_t write_array(struct dr_sink *sink, struct entry *entry,
                            const struct dr_npz_array *array) {
    char header[MAX_HEADER];
    const size_t header_bytes = make_header(header, array);
    const size_t data_bytes = (size_t)(num_items(array) * array->item_bytes);
    struct fields fields = {.used = 0};
    entry->name = array->name;
    entry->size = header_bytes + data_bytes;
    entry->crc = (uint32_t)crc32_z(0, (const unsigned char *)header, header_bytes);
    if (data_bytes)
        entry->crc = (uint32_t)crc32_z(entry->crc, array->data, data_bytes);
    put(&fields, 0x04034b50, 4);
    put_entry(&fields, entry);
    flush(&fields, sink);
    put_name(sink, entry);
    dr_sink_put(sink, header, header_bytes);
    dr_sink_put(sink, array->data, data_bytes);
    return LOCAL_BYTES + strlen(entry->name) + strlen(extension) + entry->size;
}

static void write_directory(struct dr_sink *sink, const struct entry *entries, size_t num,
                            uint64_t offset) {
    struct fields fields = {.used = 0};
    uint64_t size = 0;
    for (size_t i = 0; i < num; i++) {
        put(&fields, 0x02014b50, 4);
        put(&fields, VERSION, 2); /* made by */
        put_entry(&fields, &entries[i]);
        put(&fields, 0, 2); /* comment */
        put(&fields, 0, 2); /* disk */
        put(&fields, 0, 2); /* attributes */
        put(&fields, 0, 4);
        put(&fields, entries[i].offset, 4);
        flush(&fields, sink);
        put_name(sink, &entries[i]);
        size += DIRECTORY_BYTES + strlen(entries[i].name) + strlen(extension);
    }
    put(&fields, 0x06054b50, 4);
    put(&fields, 0, 4); /* disks */
    put(&fields, num, 2);
    put(&fields, num, 2);
    put(&fields, size, 4);
    put(&fields, offset, 4);
    put(&fields, 0, 2); /* comment */
    flush(&fields, sink);
}

/* Room that the archive takes beside the items, more than enough. */
static const uint64_t overhead = DR_NPZ_MAX_ARRAYS * (MAX_HEADER + 512) + END_BYTES;

int dr_npz_write(struct dr_sink *sink, const struct dr_npz_array *arrays, size_t num,
                 diarist_error *err) {
    struct entry entries[DR_NPZ_MAX_ARRAYS];
    uint64_t offset = 0, total = overhead;
    assert(num <= DR_NPZ_MAX_ARRAYS);
    for (size_t i = 0; i < num; i++)
        total += num_items(&arrays[i]) * arrays[i].item_bytes;
    if (total > UINT32_MAX)
        return dr_fail(
            err, DIARIST_ERROR_LIMIT,
            "%.1f GB of stages are more than an .npz holds; take a part of the recording",
            (double)total / 1e9);
    for (size_t i = 0; i < num; i++) {
        entries[i].offset = offset;
        offset += write_array(sink, &entries[i], &arrays[i]);
    }
    write_directory(sink, entries, num, offset);
    return DIARIST_OK;
}
