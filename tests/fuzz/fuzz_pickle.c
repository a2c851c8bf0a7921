/* fuzz_pickle.c - bytes as a pickle.
 * SPDX-License-Identifier: MIT */
#include "import/pickle.h"

#include "fuzz.h"

enum { MAX_DEPTH = 4, MAX_BREADTH = 16 };

/* Texts lie within the pickle; values may hold themselves. */
static void check_value(const struct dr_pickle_value *value, const uint8_t *data, size_t size,
                        int depth) {
    const char *begin = (const char *)data;
    FUZZ_CHECK(value && value->kind <= DR_PICKLE_CALL);
    if (value->text.at)
        FUZZ_CHECK(value->text.at >= begin && value->text.length <= size &&
                   value->text.at + value->text.length <= begin + size);
    if (value->kind == DR_PICKLE_CALL)
        FUZZ_CHECK(value->function && value->args);
    FUZZ_CHECK(value->kind != DR_PICKLE_DICT || value->num_items % 2 == 0);
    for (size_t i = 0; i < value->num_items && i < MAX_BREADTH && depth < MAX_DEPTH; i++)
        check_value(value->items[i], data, size, depth + 1);
    dr_pickle_get(value, "state_dict");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dr_arena arena = {NULL};
    const struct dr_pickle_value *value;
    diarist_error err = {0};
    int status = dr_pickle_read(&value, data, size, &arena, &err);
    FUZZ_CHECK(status == err.status && !status == (value != NULL));
    FUZZ_CHECK(!status || fuzz_is_line(err.message));
    if (value)
        check_value(value, data, size, 0);
    dr_arena_free(&arena);
    return 0;
}
