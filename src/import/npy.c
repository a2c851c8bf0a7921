/* npy.c - NumPy's files: an array, or a zip of arrays.
 * SPDX-License-Identifier: MIT
 *
 * magic, version, header length, {'descr': '<f8', 'fortran_order': False, 'shape': (128,), }, data.
 * Format: numpy/lib/format.py. */
#include "import/npy.h"

#include <string.h>

#include "base/error.h"
#include "import/refuse.h"
#include "import/zip.h"

enum { MAX_ARRAYS = 256, MAX_HEADER = 1 << 16, SEEN_ALL = 7 };

struct header {
    const char *at, *end;
    struct dr_array *array;
    bool fortran_order;
};

static void skip_space(struct header *h) {
    while (h->at < h->end && (*h->at == ' ' || *h->at == '\n'))
        h->at++;
}

/* Moves on when the text comes next. */
static bool next_is(struct header *h, const char *text) {
    const size_t length = strlen(text);
    skip_space(h);
    if ((size_t)(h->end - h->at) < length || memcmp(h->at, text, length))
        return false;
    h->at += length;
    return true;
}

static bool read_type(struct header *h) {
    static const struct {
        const char *name;
        enum dr_item item;
    } types[] = {{"'<f8'", DR_ITEM_F64}, {"'<f4'", DR_ITEM_F32}, {"'<f2'", DR_ITEM_F16}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (next_is(h, types[i].name)) {
            h->array->item = types[i].item;
            return true;
        }
    /* Another type is told apart when the array is wanted. */
    const char *end = next_is(h, "'") ? memchr(h->at, '\'', (size_t)(h->end - h->at)) : NULL;
    h->array->item = DR_ITEM_OTHER;
    h->at = end ? end + 1 : h->end;
    return end;
}

static bool read_count(struct header *h, uint64_t *out) {
    int digits = 0;
    skip_space(h);
    for (*out = 0; h->at < h->end && *h->at >= '0' && *h->at <= '9' && digits < 18; digits++)
        *out = 10 * *out + (uint64_t)(*h->at++ - '0');
    return digits > 0;
}

/* (), (128,) or (256, 128) */
static bool read_shape(struct header *h) {
    struct dr_array *array = h->array;
    if (!next_is(h, "("))
        return false;
    for (array->num_dims = 0; !next_is(h, ")"); next_is(h, ","))
        if (array->num_dims == DR_MAX_DIMS || !read_count(h, &array->shape[array->num_dims++]))
            return false;
    return true;
}

/* The dictionary, its keys in any order, each once. */
static bool read_dictionary(struct header *h) {
    unsigned seen = 0;
    if (!next_is(h, "{"))
        return false;
    while (!next_is(h, "}")) {
        bool good = false;
        unsigned key = 0;
        if (next_is(h, "'descr':") && (key = 1))
            good = read_type(h);
        else if (next_is(h, "'fortran_order':") && (key = 2))
            good = (h->fortran_order = next_is(h, "True")) || next_is(h, "False");
        else if (next_is(h, "'shape':") && (key = 4))
            good = read_shape(h);
        if (!good || seen & key)
            return false;
        seen |= key;
        next_is(h, ",");
    }
    skip_space(h);
    return seen == SEEN_ALL && h->at == h->end;
}

static void pack(struct dr_array *array, bool fortran_order) {
    dr_array_pack(array);
    uint64_t stride = 1;
    for (uint32_t d = 0; d < array->num_dims && fortran_order; d++) {
        array->stride[d] = stride;
        stride *= array->shape[d] ? array->shape[d] : 1;
    }
}

int dr_npy_read(struct dr_array *out, const unsigned char *bytes, size_t size, diarist_error *err) {
    const size_t frame = size > 6 && bytes[6] >= 2 ? 12 : 10;
    if (size < frame || memcmp(bytes, "\x93NUMPY", 6) || bytes[6] < 1 || bytes[6] > 3)
        return dr_damaged(err, "array %.80s does not begin as NumPy's files do", out->name);
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (frame == 12)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > size - frame || length > MAX_HEADER)
        return dr_damaged(err, "the header of array %.80s is cut", out->name);
    const char *text = (const char *)bytes + frame;
    struct header header = {.at = text, .end = text + length, .array = out};
    if (!read_dictionary(&header))
        return dr_damaged(err, "the header of array %.80s is broken", out->name);
    pack(out, header.fortran_order);
    return dr_array_place(out, bytes + frame + length, size - frame - length, err);
}

static int read_member(struct dr_arrays *out, struct dr_zip *zip, struct dr_zip_entry *entry,
                       diarist_error *err) {
    static const char extension[] = ".npy";
    const size_t length = strlen(entry->name), stem = length - (sizeof extension - 1);
    if (length < sizeof extension - 1 || strcmp(entry->name + stem, extension))
        return DIARIST_OK;
    char *name = dr_arena_zalloc(zip->arena, stem + 1, 1);
    if (!name)
        return dr_fail_memory(err);
    memcpy(name, entry->name, stem);
    struct dr_array *array = &out->items[out->num];
    array->name = name;
    int status = dr_zip_read(zip, entry, err);
    if (!status)
        status = dr_npy_read(array, entry->content, (size_t)entry->size, err);
    if (!status)
        out->num++;
    return status;
}

int dr_npz_read(struct dr_arrays *out, const unsigned char *bytes, size_t size,
                struct dr_arena *arena, diarist_error *err) {
    struct dr_zip zip;
    *out = (struct dr_arrays){0};
    int status = dr_zip_open(&zip, bytes, size, arena, err);
    if (status)
        return status;
    if (zip.num_entries > MAX_ARRAYS)
        return dr_damaged(err, "it has %zu arrays", zip.num_entries);
    out->items = dr_arena_zalloc(arena, zip.num_entries + 1, sizeof *out->items);
    if (!out->items)
        return dr_fail_memory(err);
    for (size_t i = 0; i < zip.num_entries && !status; i++)
        status = read_member(out, &zip, &zip.entries[i], err);
    return status;
}
