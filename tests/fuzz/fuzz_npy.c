/* fuzz_npy.c - bytes as NumPy's files: the last byte says whether as one array or a zip of them.
 * SPDX-License-Identifier: MIT */
#include "import/npy.h"

#include "fuzz.h"

enum { MAX_ITEMS = 1 << 16 };

static void check_array(const struct dr_array *array) {
    static double values[MAX_ITEMS];
    diarist_error err = {0};
    FUZZ_CHECK(array->num_dims <= DR_MAX_DIMS);
    if (array->num_items > MAX_ITEMS)
        return;
    int status = dr_array_doubles(values, array, &err);
    FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
    for (uint64_t i = 0; !status && i < array->num_items; i++)
        FUZZ_CHECK(values[i] - values[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dr_arena arena = {NULL};
    struct dr_array one = {.name = "one"};
    struct dr_arrays all = {&one, 1};
    diarist_error err = {0};
    if (!size)
        return 0;
    int status = data[size - 1] & 1 ? dr_npy_read(&one, data, size - 1, &err)
                                    : dr_npz_read(&all, data, size - 1, &arena, &err);
    FUZZ_CHECK(status == err.status && (!status || fuzz_is_line(err.message)));
    for (size_t i = 0; !status && i < all.num; i++)
        check_array(&all.items[i]);
    dr_arena_free(&arena);
    return 0;
}
