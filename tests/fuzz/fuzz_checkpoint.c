/* fuzz_checkpoint.c - bytes as the pickle of a PyTorch checkpoint.
 * SPDX-License-Identifier: MIT
 *
 * The zip around it is made here, with its right checksums: no fuzzer would find those. Its storage
 * "0" has 1024 bytes. */
#include "import/checkpoint.h"
#include "import/networks.h"

#include <string.h>
#include <zlib.h>

#include "fuzz.h"

enum { STORAGE_BYTES = 1024, ROOM = 512, MAX_PICKLE = 1 << 16, MAX_ITEMS = 1 << 16 };

struct archive {
    uint8_t bytes[MAX_PICKLE + STORAGE_BYTES + ROOM];
    size_t size;
};

static void put(struct archive *archive, const void *bytes, size_t size) {
    memcpy(archive->bytes + archive->size, bytes, size);
    archive->size += size;
}

static void put_number(struct archive *archive, uint32_t number, unsigned num_bytes) {
    for (unsigned i = 0; i < num_bytes; i++)
        archive->bytes[archive->size++] = (uint8_t)(number >> 8 * i);
}

/* What the header of an entry and its line in the directory have in common. */
static void put_entry(struct archive *archive, const char *name, const uint8_t *data, size_t size) {
    put_number(archive, 20, 4); /* version, no flags */
    put_number(archive, 0, 2);  /* stored */
    put_number(archive, 0, 4);
    put_number(archive, (uint32_t)crc32_z(0, data, size), 4);
    put_number(archive, (uint32_t)size, 4);
    put_number(archive, (uint32_t)size, 4);
    put_number(archive, (uint32_t)strlen(name), 4);
}

static void make_archive(struct archive *archive, const uint8_t *pickle, size_t size) {
    static const uint8_t storage[STORAGE_BYTES] = {1, 2, 3, 60, 5};
    const struct {
        const char *name;
        const uint8_t *data;
        size_t size;
    } files[] = {{"a/data.pkl", pickle, size}, {"a/data/0", storage, sizeof storage}};
    size_t offsets[2];
    archive->size = 0;
    for (size_t i = 0; i < 2; i++) {
        offsets[i] = archive->size;
        put(archive, "PK\3\4", 4);
        put_entry(archive, files[i].name, files[i].data, files[i].size);
        put(archive, files[i].name, strlen(files[i].name));
        put(archive, files[i].data, files[i].size);
    }
    const size_t directory = archive->size;
    for (size_t i = 0; i < 2; i++) {
        put(archive, "PK\1\2\24\0", 6);
        put_entry(archive, files[i].name, files[i].data, files[i].size);
        put_number(archive, 0, 4);
        put_number(archive, 0, 4);
        put_number(archive, 0, 2);
        put_number(archive, (uint32_t)offsets[i], 4);
        put(archive, files[i].name, strlen(files[i].name));
    }
    const size_t end = archive->size;
    put(archive, "PK\5\6\0\0\0\0\2\0\2\0", 12);
    put_number(archive, (uint32_t)(end - directory), 4);
    put_number(archive, (uint32_t)directory, 4);
    put_number(archive, 0, 2);
}

static void check_arrays(const struct dr_arrays *arrays) {
    static float floats[MAX_ITEMS];
    static double doubles[MAX_ITEMS];
    for (size_t i = 0; i < arrays->num; i++) {
        const struct dr_array *array = &arrays->items[i];
        diarist_error err = {0};
        FUZZ_CHECK(array->name && array->num_dims <= DR_MAX_DIMS);
        FUZZ_CHECK(dr_arrays_find(arrays, array->name));
        if (array->num_items > MAX_ITEMS)
            continue;
        int status = dr_array_floats(floats, array, &err);
        FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
        dr_array_doubles(doubles, array, NULL);
    }
}

static void import(const struct dr_arrays *arrays, struct dr_arena *arena,
                   int (*network)(struct dr_model_tensors *, const struct dr_arrays *,
                                  diarist_error *)) {
    struct dr_model_tensors tensors = {.arena = arena};
    diarist_error err = {0};
    int status = network(&tensors, arrays, &err);
    FUZZ_CHECK(status == err.status && status && fuzz_is_line(err.message));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct archive archive;
    struct dr_arena arena = {NULL};
    struct dr_arrays arrays;
    diarist_error err = {0};
    if (size > MAX_PICKLE)
        return 0;
    make_archive(&archive, data, size);
    int status = dr_checkpoint_read(&arrays, archive.bytes, archive.size, &arena, &err);
    FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
    if (!status) {
        check_arrays(&arrays);
        import(&arrays, &arena, dr_segmentation_from_checkpoint);
        import(&arrays, &arena, dr_resnet34_from_checkpoint);
    }
    dr_arena_free(&arena);
    return 0;
}
